package main

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
)

// madeUp returns n events of the size and shape of CloudTrail's, for places without real ones.
func madeUp(n int) []object {
	rnd := rand.New(rand.NewPCG(1, 2))
	services := []string{"ec2", "s3", "iam", "sts", "kms", "cloudtrail", "lambda", "logs", "ssm", "rds"}
	things := []string{"Instance", "Bucket", "User", "Key", "Trail", "Function", "Parameter", "Snapshot"}
	events := make([]object, n)
	for i := range events {
		service, user := services[rnd.IntN(len(services))], rnd.IntN(40)
		failure := ""
		if rnd.IntN(8) == 0 {
			failure = `"errorCode":"AccessDenied","errorMessage":"User is not authorized to perform this action",`
		}
		parameters := "null"
		if rnd.IntN(3) > 0 {
			parameters = fmt.Sprintf(`{"name":"thing-%d","maxResults":%d,"filterSet":{"items":[{"name":"vpc-id","valueSet":{"items":`+
				`[{"value":"vpc-%08x"}]}}]}}`, i, rnd.IntN(1000), rnd.Uint32())
		}
		events[i] = envelope(json.RawMessage(fmt.Sprintf(`{"eventVersion":"1.08","userIdentity":{"type":"AssumedRole","principalId":`+
			`"AROAEXAMPLE%d:session","arn":"arn:aws:sts::111122223333:assumed-role/app-%d/session","accountId":"111122223333",`+
			`"accessKeyId":"ASIAEXAMPLE%012d","sessionContext":{"sessionIssuer":{"type":"Role","principalId":"AROAEXAMPLE%d","arn":`+
			`"arn:aws:iam::111122223333:role/app-%d","accountId":"111122223333","userName":"app-%d"},"webIdFederationData":{},`+
			`"attributes":{"creationDate":"2026-03-01T11:%02d:00Z","mfaAuthenticated":"false"}}},"eventTime":"2026-03-01T12:%02d:%02dZ",`+
			`"eventSource":"%s.amazonaws.com","eventName":"%s%s","awsRegion":"eu-west-1","sourceIPAddress":"10.%d.2.3","userAgent":`+
			`"aws-sdk-go-v2/1.30.0 os/linux lang/go#1.26 md/GOARCH#amd64 api/%s#1.2.3",%s"requestParameters":%s,"responseElements":null,`+
			`"requestID":"%08x-2222-4333-8444-%012x","eventID":"%08x-3333-4444-8555-%012x","readOnly":%v,"eventType":"AwsApiCall",`+
			`"managementEvent":true,"recipientAccountId":"111122223333","eventCategory":"Management","tlsDetails":{"tlsVersion":"TLSv1.3",`+
			`"cipherSuite":"TLS_AES_128_GCM_SHA256","clientProvidedHostHeader":"%s.eu-west-1.amazonaws.com"}}`,
			user, user, rnd.IntN(1e9), user, user, user, i/60%60, i/60%60, i%60, service, verbs[rnd.IntN(len(verbs))],
			things[rnd.IntN(len(things))], rnd.IntN(256), service, failure, parameters, rnd.Uint32(), rnd.Uint32(), rnd.Uint32(),
			rnd.Uint32(), i%2 == 0, service)))
	}
	return events
}

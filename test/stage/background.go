package stage

import (
	"fmt"
	"time"
)

// calls are what an ordinary account does all day; no bundled rule minds any of them.
var calls = []struct{ source, name, input string }{
	{"ec2", "DescribeInstances", `{"instancesSet":{"items":[{"instanceId":"i-0abcd1234ef567890"}]},"filterSet":{},"includeAllInstances":false}`},
	{"sts", "AssumeRole", `{"roleArn":"arn:aws:iam::111122223333:role/build","roleSessionName":"build","durationSeconds":3600}`},
	{"kms", "Decrypt", `{"encryptionAlgorithm":"SYMMETRIC_DEFAULT","encryptionContext":{"aws:s3:arn":"arn:aws:s3:::build-artefacts/app.tar"}}`},
	{"logs", "CreateLogStream", `{"logGroupName":"/aws/lambda/thumbnails","logStreamName":"2026/03/01/[$LATEST]0f1e2d3c4b5a69788796a5b4c3d2e1f0"}`},
	{"ecr", "BatchGetImage", `{"repositoryName":"shop/api","imageIds":[{"imageTag":"latest"}],"registryId":"111122223333","acceptedMediaTypes":["application/vnd.oci.image.manifest.v1+json"]}`},
	{"dynamodb", "DescribeTable", `{"tableName":"orders"}`},
}

const background = `{"version":"0","id":"%[1]s","detail-type":"AWS API Call via CloudTrail","source":"aws.%[2]s","account":"111122223333","time":"%[3]s",` +
	`"region":"eu-west-1","resources":[],"detail":{"eventVersion":"1.09","userIdentity":{"type":"AssumedRole","principalId":"AROAEXAMPLEBUILD00000:build-%[4]d",` +
	`"arn":"arn:aws:sts::111122223333:assumed-role/build/build-%[4]d","accountId":"111122223333","accessKeyId":"ASIAEXAMPLEBUILD0000","sessionContext":{` +
	`"sessionIssuer":{"type":"Role","principalId":"AROAEXAMPLEBUILD00000","arn":"arn:aws:iam::111122223333:role/build","accountId":"111122223333","userName":"build"},` +
	`"attributes":{"creationDate":"%[3]s","mfaAuthenticated":"false"}}},"eventTime":"%[3]s","eventSource":"%[2]s.amazonaws.com","eventName":"%[5]s",` +
	`"awsRegion":"eu-west-1","sourceIPAddress":"192.0.2.%[4]d","userAgent":"aws-sdk-go-v2/1.39.0 os/linux lang/go#1.25.0 md/GOOS#linux md/GOARCH#amd64 api/%[2]s#1.50.0",` +
	`"requestParameters":%[6]s,"responseElements":null,"requestID":"%[1]s","eventID":"%[1]s","readOnly":true,"eventType":"AwsApiCall","managementEvent":true,` +
	`"recipientAccountId":"111122223333","eventCategory":"Management","tlsDetails":{"tlsVersion":"TLSv1.3","cipherSuite":"TLS_AES_128_GCM_SHA256",` +
	`"clientProvidedHostHeader":"%[2]s.eu-west-1.amazonaws.com"}}}`

// Background returns the n-th event of an ordinary day, about 1.5 kB: a CloudTrail record that starts nothing.
func Background(n int, at time.Time) []byte {
	c := calls[n%len(calls)]
	id := fmt.Sprintf("%08x-0000-4000-8000-%012x", n, n)
	return fmt.Appendf(nil, background, id, c.source, at.UTC().Format(time.RFC3339), n%200, c.name, c.input)
}

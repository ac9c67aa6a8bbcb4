package cli

import (
	"bytes"
	"context"
	"fmt"
	"testing"

	"riposte.dev/detect"
)

// logFile is a CloudTrail log file of n records: mostly calls that no rule is about, as in real ones.
func logFile(n int) []byte {
	var b bytes.Buffer
	b.WriteString(`{"Records":[`)
	for i := range n {
		if i > 0 {
			b.WriteByte(',')
		}
		source, name := "ssm", "DescribeParameters"
		if i%50 == 0 {
			source, name = "cloudtrail", "StopLogging"
		}
		fmt.Fprintf(&b, `{"eventVersion":"1.11","userIdentity":{"type":"AssumedRole","principalId":"AROAEXAMPLEEXAMPLE:worker-%[1]d",`+
			`"arn":"arn:aws:sts::111122223333:assumed-role/worker/worker-%[1]d","accountId":"111122223333","accessKeyId":"ASIAEXAMPLEEXAMPLE12",`+
			`"sessionContext":{"sessionIssuer":{"type":"Role","principalId":"AROAEXAMPLEEXAMPLE","arn":"arn:aws:iam::111122223333:role/worker","accountId":"111122223333","userName":"worker"},`+
			`"attributes":{"creationDate":"2026-03-01T02:00:00Z","mfaAuthenticated":"false"}}},"eventTime":"2026-03-01T03:00:00Z","eventSource":"%[2]s.amazonaws.com",`+
			`"eventName":"%[3]s","awsRegion":"eu-west-1","sourceIPAddress":"192.0.2.10","userAgent":"aws-sdk-go-v2/1.40.0 os/linux lang/go#1.25.0 md/GOOS#linux md/GOARCH#amd64",`+
			`"requestParameters":{"name":"audit","maxResults":50,"filters":[{"key":"Name","values":["/service/config/%[1]d"]}]},"responseElements":null,`+
			`"requestID":"11111111-2222-3333-4444-%012[1]d","eventID":"55555555-6666-7777-8888-%012[1]d","readOnly":true,"eventType":"AwsApiCall","managementEvent":true,`+
			`"recipientAccountId":"111122223333","eventCategory":"Management","tlsDetails":{"tlsVersion":"TLSv1.3","cipherSuite":"TLS_AES_128_GCM_SHA256","clientProvidedHostHeader":"ssm.eu-west-1.amazonaws.com"}}`,
			i, source, name)
	}
	b.WriteString(`]}`)
	return b.Bytes()
}

// BenchmarkScan reads a CloudTrail log file with every bundled rule, on every core.
func BenchmarkScan(b *testing.B) {
	rules, err := (&ruleFlags{}).load(detect.LoadOptions{})
	if err != nil {
		b.Fatal(err)
	}
	const records = 5000
	file := logFile(records)
	b.SetBytes(int64(len(file)))
	for b.Loop() {
		detections := 0
		s := &scan{rules: rules, refused: func(err error) { b.Fatal(err) }}
		if err := s.run(context.Background(), []string{"-"}, bytes.NewReader(file), nil, func(Detection) error { detections++; return nil }); err != nil {
			b.Fatal(err)
		}
		if detections < records/50 {
			b.Fatalf("%d detections", detections)
		}
	}
}

package cli

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"runtime"
	"testing"
	"time"

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
	rules, file := benchRules(b), logFile(benchRecords)
	b.SetBytes(int64(len(file)))
	for b.Loop() {
		benchScan(b, rules, file)
	}
}

// BenchmarkScanOnOneCore tells the speed in times that of encoding/json.Valid on the same bytes in the same run.
func BenchmarkScanOnOneCore(b *testing.B) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	rules, file := benchRules(b), logFile(benchRecords)
	var scanned, valid time.Duration
	b.SetBytes(int64(len(file)))
	for b.Loop() {
		started := time.Now()
		benchScan(b, rules, file)
		scanned += time.Since(started)
		b.StopTimer()
		started = time.Now()
		if !json.Valid(file) {
			b.Fatal("the file is no JSON")
		}
		valid += time.Since(started)
		b.StartTimer()
	}
	b.ReportMetric(valid.Seconds()/scanned.Seconds(), "x-json.Valid")
}

const benchRecords = 5000

func benchRules(b *testing.B) *detect.RuleSet {
	rules, err := (&ruleFlags{}).load(detect.LoadOptions{})
	if err != nil {
		b.Fatal(err)
	}
	return rules
}

func benchScan(b *testing.B, rules *detect.RuleSet, file []byte) {
	detections := 0
	s := &scan{rules: rules, refused: func(err error) { b.Fatal(err) }}
	if err := s.run(context.Background(), []string{"-"}, bytes.NewReader(file), nil, func(Detection) error { detections++; return nil }); err != nil {
		b.Fatal(err)
	}
	if detections < benchRecords/50 {
		b.Fatalf("%d detections", detections)
	}
}

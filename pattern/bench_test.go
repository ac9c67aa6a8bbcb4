package pattern_test

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"riposte.dev/pattern"
)

// benchEvents are envelopes of the size and shape of CloudTrail's, n of them, no two alike.
func benchEvents(n int) [][]byte {
	rnd := rand.New(rand.NewPCG(1, 2))
	services := []string{"ec2", "s3", "iam", "sts", "kms", "cloudtrail", "lambda", "logs"}
	events := make([][]byte, n)
	for i := range events {
		service := services[rnd.IntN(len(services))]
		events[i] = fmt.Appendf(nil, `{"version":"0","id":"%08x-1111-4222-8333-444455556666","detail-type":"AWS API Call via CloudTrail",`+
			`"source":"aws.%s","account":"111122223333","time":"2026-03-01T12:00:00Z","region":"eu-west-1","resources":[],"detail":{`+
			`"eventVersion":"1.08","userIdentity":{"type":"AssumedRole","principalId":"AROAEXAMPLE:session","arn":`+
			`"arn:aws:sts::111122223333:assumed-role/app/session","accountId":"111122223333","accessKeyId":"ASIAEXAMPLE%d",`+
			`"sessionContext":{"sessionIssuer":{"type":"Role","arn":"arn:aws:iam::111122223333:role/app"},"attributes":`+
			`{"mfaAuthenticated":"false","creationDate":"2026-03-01T11:00:00Z"}}},"eventTime":"2026-03-01T12:00:00Z",`+
			`"eventSource":"%s.amazonaws.com","eventName":"Action%d","awsRegion":"eu-west-1","sourceIPAddress":"10.%d.2.3",`+
			`"userAgent":"aws-sdk-go-v2/1.30.0 os/linux lang/go#1.26 md/GOARCH#amd64 api/%s","requestParameters":{"name":"thing-%d",`+
			`"filterSet":{"items":[{"name":"a","valueSet":{"items":[{"value":"b"}]}}]}},"responseElements":null,"requestID":`+
			`"%08x-2222-4333-8444-555566667777","eventID":"%08x-3333-4444-8555-666677778888","readOnly":%v,"eventType":"AwsApiCall",`+
			`"managementEvent":true,"recipientAccountId":"111122223333","eventCategory":"Management","tlsDetails":{"tlsVersion":`+
			`"TLSv1.3","cipherSuite":"TLS_AES_128_GCM_SHA256","clientProvidedHostHeader":"%s.eu-west-1.amazonaws.com"}}}`,
			i, service, i, service, rnd.IntN(4000), i%256, service, i, i, i, i%2 == 0, service)
	}
	return events
}

// benchRules are n rules: most name a source and event names, every tenth no source.
func benchRules(b *testing.B, n int) *pattern.Matcher {
	rnd := rand.New(rand.NewPCG(3, 4))
	m := pattern.New()
	for i := range n {
		var fields []string
		if i%10 != 0 {
			fields = append(fields, fmt.Sprintf(`"source": ["aws.%s"]`, []string{"ec2", "s3", "iam", "kms"}[rnd.IntN(4)]))
		}
		detail := []string{fmt.Sprintf(`"eventName": ["Action%d", "Action%d"]`, rnd.IntN(40_000), rnd.IntN(40_000))}
		switch i % 20 {
		case 1:
			detail = append(detail, `"userIdentity": {"type": ["Root"]}`)
		case 2:
			detail = append(detail, `"errorCode": [{"exists": false}]`)
		case 3:
			detail = append(detail, `"sourceIPAddress": [{"cidr": "10.0.0.0/9"}]`)
		case 4:
			detail = append(detail, `"userAgent": [{"anything-but": {"prefix": "console"}}]`)
		}
		m.Add(fmt.Sprint("rule ", i), parse(b, `{`+strings.Join(append(fields, `"detail": {`+strings.Join(detail, ", ")+`}`), ", ")+`}`))
	}
	return m
}

// BenchmarkMatch reports the speed as a multiple of encoding/json.Valid on the same events, measured in the same run.
func BenchmarkMatch(b *testing.B) {
	events := benchEvents(2000)
	size := 0
	for _, event := range events {
		size += len(event)
	}
	var valid float64 // nanoseconds of encoding/json.Valid an event
	b.Run("json.Valid", func(b *testing.B) {
		b.SetBytes(int64(size / len(events)))
		for i := 0; b.Loop(); i++ {
			json.Valid(events[i%len(events)])
		}
		valid = float64(b.Elapsed().Nanoseconds()) / float64(b.N)
	})
	for _, n := range []int{15, 100, 1000, 10_000} {
		m := benchRules(b, n)
		b.Run(fmt.Sprintf("rules=%d", n), func(b *testing.B) {
			b.ReportAllocs()
			b.SetBytes(int64(size / len(events)))
			var names []string
			for i := 0; b.Loop(); i++ {
				var err error
				if names, err = m.Append(names[:0], events[i%len(events)]); err != nil {
					b.Fatal(err)
				}
			}
			perEvent := float64(b.Elapsed().Nanoseconds()) / float64(b.N)
			b.ReportMetric(valid/perEvent, "x_json.Valid")
		})
	}
}

func BenchmarkWildcards(b *testing.B) {
	events := benchEvents(200)
	m := pattern.New()
	for i := range 1000 {
		m.Add(fmt.Sprint(i), parse(b, fmt.Sprintf(`{"detail": {"userAgent": [{"wildcard": "*o%d*x%d*"}]}}`, i%10, i)))
	}
	for i := 0; b.Loop(); i++ {
		if _, err := m.Match(events[i%len(events)]); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkBuild(b *testing.B) {
	for b.Loop() {
		benchRules(b, 10_000)
	}
}

func BenchmarkLargeArray(b *testing.B) {
	event := []byte(`{"a": ` + objects(10_000, func(i int) string { return fmt.Sprintf(`{"x": 1, "y": %d}`, i%2) }) + `}`)
	p := parse(b, `{"a": {"x": [1], "y": [2]}}`)
	b.SetBytes(int64(len(event)))
	for b.Loop() {
		if _, err := p.Match(event); err != nil {
			b.Fatal(err)
		}
	}
}

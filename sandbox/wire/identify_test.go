package wire

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func loaded(t testing.TB) *Catalog {
	t.Helper()
	c, err := LoadCatalog()
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// request makes a Request; headers are "Name: value".
func request(method, target, body string, headers ...string) *Request {
	r := httptest.NewRequest(method, target, strings.NewReader(body))
	for _, h := range headers {
		k, v, _ := strings.Cut(h, ": ")
		if k == "Host" {
			r.Host = v
		}
		r.Header.Set(k, v)
	}
	return &Request{HTTP: r, Body: []byte(body)}
}

const formType = "Content-Type: application/x-www-form-urlencoded; charset=utf-8"

func TestIdentify(t *testing.T) {
	c := loaded(t)
	for _, tc := range []struct {
		name    string
		req     *Request
		signing string
		service string
		op      string // name; answered unless it starts with "!"
		proto   Protocol
		labels  map[string]string
	}{
		{"JSON by target", request("POST", "/", "{}", "X-Amz-Target: com.amazonaws.cloudtrail.v20131101.CloudTrail_20131101.StopLogging"), "cloudtrail", "cloudtrail", "StopLogging", JSON, nil},
		{"JSON not answered", request("POST", "/", "{}", "X-Amz-Target: AWSEvents.StartReplay"), "events", "events", "!StartReplay", JSON, nil},
		{"SQS as JSON", request("POST", "/", "{}", "X-Amz-Target: AmazonSQS.SendMessage"), "sqs", "sqs", "SendMessage", JSON, nil},
		{"SQS as Query", request("POST", "/111122223333/q", "Action=SendMessage&Version=2012-11-05", formType), "sqs", "sqs", "SendMessage", Query, nil},
		{"Query in the query string", request("GET", "/?Action=GetUser&Version=2010-05-08", ""), "iam", "iam", "GetUser", Query, nil},
		{"EC2", request("POST", "/", "Action=DescribeVpcs&Version=2016-11-15", formType), "ec2", "ec2", "DescribeVpcs", EC2, nil},
		{"unsigned, by version", request("GET", "/?Action=ConfirmSubscription&Version=2010-03-31&Token=x", ""), "", "sns", "ConfirmSubscription", Query, nil},
		{"REST-JSON", request("POST", "/getAlternateContact", "{}"), "account", "account", "GetAlternateContact", RESTJSON, map[string]string{}},
		{"S3 list of buckets", request("GET", "/", ""), "s3", "s3", "ListBuckets", RESTXML, map[string]string{}},
		{"S3 by path", request("PUT", "/logs?policy", "{}"), "s3", "s3", "PutBucketPolicy", RESTXML, map[string]string{"Bucket": "logs"}},
		{"S3 by host", request("GET", "/?acl", "", "Host: logs.s3.eu-west-1.amazonaws.com"), "s3", "s3", "GetBucketAcl", RESTXML, map[string]string{"Bucket": "logs"}},
		{"S3 by localhost", request("GET", "/a%20b/c", "", "Host: my.logs.localhost:4566"), "s3", "s3", "GetObject", RESTXML, map[string]string{"Bucket": "my.logs", "Key": "a b/c"}},
		{"S3 slash after the bucket", request("HEAD", "/logs/", ""), "s3", "s3", "HeadBucket", RESTXML, map[string]string{"Bucket": "logs"}},
		{"S3 key with two slashes", request("GET", "/logs/a//b", ""), "s3", "s3", "GetObject", RESTXML, map[string]string{"Bucket": "logs", "Key": "a//b"}},
		{"S3 list, version 2", request("GET", "/logs?list-type=2&prefix=x", ""), "s3", "s3", "ListObjectsV2", RESTXML, map[string]string{"Bucket": "logs"}},
		{"S3 list, version 1", request("GET", "/logs?prefix=x", ""), "s3", "s3", "ListObjects", RESTXML, map[string]string{"Bucket": "logs"}},
		{"S3 not answered", request("GET", "/logs?website", ""), "s3", "s3", "!GetBucketWebsite", RESTXML, map[string]string{"Bucket": "logs"}},
		{"S3 copy is no upload", request("PUT", "/logs/k", "", "X-Amz-Copy-Source: other/k"), "s3", "s3", "!CopyObject", RESTXML, map[string]string{"Bucket": "logs", "Key": "k"}},
		{"S3's accounts", request("PUT", "/v20180820/configuration/publicAccessBlock", "", "X-Amz-Account-Id: 111122223333"), "s3", "s3control", "PutPublicAccessBlock", RESTXML, map[string]string{}},
		{"a bucket named like their paths", request("GET", "/v20180820/configuration/publicAccessBlock", ""), "s3", "s3", "GetObject", RESTXML, map[string]string{"Bucket": "v20180820", "Key": "configuration/publicAccessBlock"}},
		{"S3 unsigned", request("GET", "/logs/k", ""), "", "s3", "GetObject", RESTXML, map[string]string{"Bucket": "logs", "Key": "k"}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			got, err := c.Identify(tc.req, tc.signing)
			if err != nil {
				t.Fatal(err)
			}
			name, unanswered := strings.CutPrefix(tc.op, "!")
			if got.Model.Service != tc.service || got.Name != name || got.Protocol != tc.proto || (got.Operation == nil) != unanswered {
				t.Errorf("got %s %s by %s (answered: %v)", got.Model.Service, got.Name, got.Protocol, got.Operation != nil)
			}
			if d := cmp.Diff(tc.labels, got.Labels); d != "" {
				t.Error(d)
			}
		})
	}
}

func TestIdentifyRefuses(t *testing.T) {
	c := loaded(t)
	for name, tc := range map[string]struct {
		req     *Request
		signing string
	}{
		"a service that is not there": {request("POST", "/", ""), "braket"},
		"a target that is not there":  {request("POST", "/", "{}", "X-Amz-Target: Textract.DetectDocumentText"), "textract"},
		"an unknown version":          {request("GET", "/?Action=GetUser&Version=1999-01-01", ""), ""},
	} {
		if _, err := c.Identify(tc.req, tc.signing); !errors.Is(err, ErrUnknownService) {
			t.Errorf("%s: %v", name, err)
		}
	}
	got, err := c.Identify(request("POST", "/", "Action=%zz", formType), "iam")
	var failure *Error
	if got == nil || !errors.As(err, &failure) || failure.Code != "MalformedQueryString" {
		t.Errorf("a broken form: %v, %v", got, err)
	}
}

func FuzzIdentify(f *testing.F) {
	f.Add("GET", "/logs/a?acl", "", "", "s3")
	f.Add("POST", "/", "Action=GetUser&Version=2010-05-08&Tags.member.1.Key=a", "", "iam")
	f.Add("POST", "/", `{"Name":"x"}`, "com.amazonaws.cloudtrail.v20131101.CloudTrail_20131101.StopLogging", "cloudtrail")
	f.Add("POST", "/", "Action=DescribeVpcs&Filter.1.Value.1=x", "", "ec2")
	f.Add("PUT", "/b?tagging", "<Tagging><TagSet><Tag><Key>a</Key><Value>b</Value></Tag></TagSet></Tagging>", "", "s3")
	c := loaded(f)
	f.Fuzz(func(t *testing.T, method, target, body, amzTarget, signing string) {
		req, err := http.NewRequest(method, "http://127.0.0.1"+target, strings.NewReader(body))
		if err != nil {
			return // no request
		}
		if amzTarget != "" {
			req.Header.Set("X-Amz-Target", amzTarget)
		}
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r := &Request{HTTP: req, Body: []byte(body)}
		got, err := c.Identify(r, signing)
		if err != nil || got.Operation == nil {
			return
		}
		in, err := got.Decode(r)
		var failure *Error
		if err != nil && !errors.As(err, &failure) {
			t.Errorf("%s %s fails without an AWS error: %v", got.Model.Service, got.Name, err)
		}
		if err == nil && in == nil {
			t.Error("no input and no error")
		}
	})
}

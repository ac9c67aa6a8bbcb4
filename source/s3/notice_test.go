package s3_test

import (
	"fmt"
	"strings"
	"testing"

	"riposte.dev/fault"
	"riposte.dev/source/s3"
)

const (
	direct  = `{"Records":[{"eventVersion":"2.1","eventSource":"aws:s3","awsRegion":"us-east-1","eventName":"ObjectCreated:Put","s3":{"bucket":{"name":"logs"},"object":{"key":"a+b%2Fc%3D1.json.gz","size":1}}}]}`
	created = `{"version":"0","id":"1","detail-type":"Object Created","source":"aws.s3","account":"111122223333","region":"us-east-1","detail":{"bucket":{"name":"logs"},"object":{"key":"a b/c.json.gz","size":1}}}`
	trail   = `{"s3Bucket":"logs","s3ObjectKey":["one.json.gz","two.json.gz"]}`
	test    = `{"Service":"Amazon S3","Event":"s3:TestEvent","Time":"2026-03-01T00:00:00Z","Bucket":"logs","RequestId":"x","HostId":"y"}`
)

func noticeReader(t testing.TB) *s3.Reader {
	return reader(t, (&world{}).options(newLog(), "logs"))
}

func TestNotices(t *testing.T) {
	r := noticeReader(t)
	var many []string
	for i := range 1001 {
		many = append(many, fmt.Sprintf(`"%d.json.gz"`, i))
	}
	for _, tt := range []struct {
		name, body string
		want       string // URIs; "-" for none at all; "none" for what is no notice
		code       fault.Code
	}{
		{name: "from S3", body: direct, want: "s3://logs/a b/c=1.json.gz"},
		{name: "of a removal", body: strings.Replace(direct, "ObjectCreated:Put", "ObjectRemoved:Delete", 1), want: "-"},
		{name: "by EventBridge", body: created, want: "s3://logs/a b/c.json.gz"},
		{name: "by EventBridge, of another bucket", body: strings.Replace(created, `"logs"`, `"photos"`, 1), want: "none"},
		{name: "by EventBridge, of a removal", body: strings.Replace(created, "Created", "Deleted", 1), want: "none"},
		{name: "from CloudTrail", body: trail, want: "s3://logs/one.json.gz s3://logs/two.json.gz"},
		{name: "test message", body: test, want: "-"},
		{name: "an ordinary event", body: `{"source":"aws.ec2","detail-type":"x s3","detail":{"bucket":"b"}}`, want: "none"},
		{name: "a log file", body: `{"Records":[{"eventSource":"s3.amazonaws.com","eventName":"PutObject"}]}`, want: "none"},
		{name: "other records", body: `{"Records":["s3"]}`, want: "none"},
		{name: "not JSON", body: `s3`, want: "none"},
		{name: "a wrong type", body: `{"s3Bucket":1}`, want: "none"},
		{name: "over a mebibyte", body: `{"s3Bucket":"` + strings.Repeat("x", 1<<20) + `"}`, want: "none"},
		{name: "no key", body: strings.Replace(direct, "a+b%2Fc%3D1.json.gz", "", 1), code: fault.Invalid},
		{name: "a key badly encoded", body: strings.Replace(direct, "%3D", "%zz", 1), code: fault.Invalid},
		{name: "no list", body: `{"s3Bucket":"logs","s3ObjectKey":"one.json.gz"}`, code: fault.Invalid},
		{name: "too many", body: `{"s3Bucket":"logs","s3ObjectKey":[` + strings.Join(many, ",") + `]}`, code: fault.TooLarge},
	} {
		n, ok, err := r.Notice([]byte(tt.body))
		if fault.CodeOf(err) != tt.code {
			t.Errorf("%s: error %v, want code %q", tt.name, err, tt.code)
			continue
		}
		if tt.code != "" {
			continue
		}
		got := "-"
		var uris []string
		for _, o := range n.Objects {
			uris = append(uris, o.String())
		}
		if !ok {
			got = "none"
		} else if len(uris) > 0 {
			got = strings.Join(uris, " ")
		}
		if got != tt.want {
			t.Errorf("%s: %s, want %s", tt.name, got, tt.want)
		}
	}
}

func FuzzNotice(f *testing.F) {
	for _, seed := range []string{direct, created, trail, test} {
		f.Add([]byte(seed))
	}
	r := noticeReader(f)
	f.Fuzz(func(t *testing.T, body []byte) {
		n, ok, err := r.Notice(body)
		if err == nil {
			for _, o := range n.Objects {
				if !ok || o.Bucket == "" || o.Key == "" {
					t.Errorf("%+v, %v", o, ok)
				}
			}
		} else if !ok || fault.Retryable(err) {
			t.Errorf("%v, %v", ok, err)
		}
	})
}

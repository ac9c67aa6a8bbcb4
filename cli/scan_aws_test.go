package cli

import (
	"bytes"
	"context"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	awscloudtrail "github.com/aws/aws-sdk-go-v2/service/cloudtrail"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"riposte.dev/action"
	"riposte.dev/detect"
	"riposte.dev/fault"
	"riposte.dev/sandbox"
)

// cloudAccount is an account in which trails have been stopped.
type cloudAccount struct {
	box     *sandbox.Sandbox
	account *sandbox.Account
	url     string
	keys    sandbox.Keys
}

func newCloudAccount(t *testing.T, trails ...string) *cloudAccount {
	t.Helper()
	box, err := sandbox.New(sandbox.Options{})
	if err != nil {
		t.Fatal(err)
	}
	srv := httptest.NewServer(box.Handler())
	t.Cleanup(srv.Close)
	c := &cloudAccount{box: box, url: srv.URL}
	if c.account, err = box.CreateAccount("111122223333", "shop"); err != nil {
		t.Fatal(err)
	}
	if c.keys, err = c.account.CreateUser("admin", sandbox.AdministratorAccess); err != nil {
		t.Fatal(err)
	}
	cfg := c.config(c.keys)
	bucket := aws.String("shop-logs")
	if _, err := s3.NewFromConfig(cfg, func(o *s3.Options) { o.UsePathStyle = true }).CreateBucket(t.Context(), &s3.CreateBucketInput{Bucket: bucket}); err != nil {
		t.Fatal(err)
	}
	_, err = s3.NewFromConfig(cfg, func(o *s3.Options) { o.UsePathStyle = true }).PutBucketPolicy(t.Context(), &s3.PutBucketPolicyInput{Bucket: bucket, Policy: aws.String(
		`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"cloudtrail.amazonaws.com"},"Action":["s3:GetBucketAcl","s3:PutObject"],"Resource":["arn:aws:s3:::shop-logs","arn:aws:s3:::shop-logs/*"]}]}`)})
	if err != nil {
		t.Fatal(err)
	}
	client := awscloudtrail.NewFromConfig(cfg)
	for _, name := range trails {
		if _, err := client.CreateTrail(t.Context(), &awscloudtrail.CreateTrailInput{Name: &name, S3BucketName: bucket}); err != nil {
			t.Fatal(err)
		}
		if _, err := client.StopLogging(t.Context(), &awscloudtrail.StopLoggingInput{Name: &name}); err != nil {
			t.Fatal(err)
		}
	}
	return c
}

func (c *cloudAccount) config(keys sandbox.Keys) aws.Config {
	return aws.Config{Region: "us-east-1", BaseEndpoint: &c.url, Credentials: credentials.NewStaticCredentialsProvider(keys.AccessKeyID, keys.SecretAccessKey, "")}
}

func (c *cloudAccount) deps(plan PlanFunc) Deps {
	return Deps{Version: "test", Plan: plan, AWS: func(context.Context, AWSOptions) (AWSSession, error) {
		return AWSSession{Account: c.account.ID, Principal: "arn:aws:iam::111122223333:user/admin", Config: c.config(c.keys)}, nil
	}}
}

// denied cannot look.
func denied(context.Context, PlanRequest) (PlanResult, error) {
	return PlanResult{Failed: []error{fault.New(fault.Denied, "look at the trail: AccessDenied").WithHint("allow cloudtrail:GetTrailStatus")}}, nil
}

// restart would start the trail again.
func restart(_ context.Context, r PlanRequest) (PlanResult, error) {
	return PlanResult{Plans: []action.Plan{{Action: "cloudtrail:StartLogging", Account: r.Event.Account, Region: r.Event.Region, Items: []action.Item{
		{Status: action.Change, Reason: "the trail does not log", Calls: []action.Call{{Service: "cloudtrail", Operation: "StartLogging", Input: r.Input}}},
	}}}}, nil
}

func scanWith(t *testing.T, d Deps, data string, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	var out, errs bytes.Buffer
	code = Execute(t.Context(), d, append([]string{"scan", "--data", data}, args...), nil, &out, &errs)
	return code, out.String(), errs.String()
}

func TestScanAWS(t *testing.T) {
	c := newCloudAccount(t, "audit", "second", "third")
	data := t.TempDir()
	code, out, errs := scanWith(t, c.deps(restart), data, "--aws", "--regions", "us-east-1,eu-west-1", "--plans", "2")
	if code != 0 {
		t.Fatalf("exit %d:\n%s", code, errs)
	}
	for _, want := range []string{
		"cloudtrail-logging-stopped", "What riposte would do about it now", "playbook restart-trail", "cloudtrail:StartLogging", "and 1 older responses; --plans 3 shows all",
	} {
		if !strings.Contains(out, want) {
			t.Errorf("the table lacks %q:\n%s", want, out)
		}
	}
	for _, want := range []string{"events since", "in 2 regions", "us-east-1: ", "calls of LookupEvents", "can carry secrets"} {
		if !strings.Contains(errs, want) {
			t.Errorf("standard error lacks %q:\n%s", want, errs)
		}
	}
	for _, call := range c.box.Calls() {
		if call.Operation == "StartLogging" {
			t.Error("a scan changed something")
		}
	}
	// Programs get a line a detection, and plans only where they ask for them.
	_, out, _ = scanWith(t, c.deps(restart), data, "--aws", "--regions", "us-east-1", "-o", "ndjson")
	if strings.Contains(out, `{"plan":`) || strings.Count(out, `{"rule":"cloudtrail-logging-stopped"`) != 3 {
		t.Errorf("ndjson is\n%s", out)
	}
	_, out, _ = scanWith(t, c.deps(denied), data, "--aws", "--regions", "us-east-1", "-o", "ndjson", "--plans", "5")
	if strings.Count(out, `{"plan":{"rule":"cloudtrail-logging-stopped"`) != 3 || !strings.Contains(out, `"next":"allow cloudtrail:GetTrailStatus"`) {
		t.Errorf("ndjson with plans is\n%s", out)
	}
	_, out, _ = scanWith(t, c.deps(restart), data, "--aws", "--regions", "us-east-1", "--no-plans")
	if strings.Contains(out, "What riposte would do") {
		t.Errorf("plans in spite of --no-plans:\n%s", out)
	}
}

func TestScanAWSWithoutCacheLeavesNothing(t *testing.T) {
	c := newCloudAccount(t, "audit")
	data := t.TempDir()
	t.Setenv("TMPDIR", t.TempDir())
	code, _, errs := scanWith(t, c.deps(restart), data, "--aws", "--regions", "us-east-1", "--no-cache")
	if code != 0 || strings.Contains(errs, "are kept") {
		t.Fatalf("exit %d:\n%s", code, errs)
	}
	for _, dir := range []string{data, os.Getenv("TMPDIR")} {
		if left, err := filepath.Glob(filepath.Join(dir, "*")); err != nil || len(left) > 0 {
			t.Errorf("left are %v, %v", left, err)
		}
	}
}

func TestScanAWSForgetsWhatAWSHasForgotten(t *testing.T) {
	c := newCloudAccount(t, "audit")
	data := t.TempDir()
	folder := filepath.Join(data, scanCache, "444455556666", "eu-west-1") // of another account
	if err := os.MkdirAll(folder, 0o700); err != nil {
		t.Fatal(err)
	}
	old := filepath.Join(folder, "20200101T000000Z-20200102T000000Z.ndjson.gz")
	if err := os.WriteFile(old, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if code, _, errs := scanWith(t, c.deps(restart), data, "--aws", "--regions", "us-east-1", "--no-plans"); code != 0 {
		t.Fatalf("exit %d:\n%s", code, errs)
	}
	if _, err := os.Stat(old); !os.IsNotExist(err) {
		t.Errorf("events of 2020 are still there: %v", err)
	}
	if left, err := filepath.Glob(filepath.Join(data, scanCache, c.account.ID, "us-east-1", "*.gz")); err != nil || len(left) == 0 {
		t.Errorf("the new ones are not: %v", err)
	}
}

func TestScanAWSGoesOnWhereARegionIsDenied(t *testing.T) {
	c := newCloudAccount(t, "audit")
	c.box.AddFault(sandbox.Fault{Match: sandbox.Match{Operation: "LookupEvents", Region: "eu-west-1"}, Error: &sandbox.FaultError{Code: "AccessDeniedException", Status: 400}})
	code, out, errs := scanWith(t, c.deps(restart), t.TempDir(), "--aws", "--regions", "us-east-1,eu-west-1")
	if code != 1 || !strings.Contains(out, "cloudtrail-logging-stopped") || !strings.Contains(errs, "not read: eu-west-1") || !strings.Contains(errs, "allow cloudtrail:LookupEvents") {
		t.Errorf("exit %d, want 1 and the rest:\n%s\n%s", code, out, errs)
	}
	c.box.AddFault(sandbox.Fault{Match: sandbox.Match{Operation: "DescribeRegions"}, Error: &sandbox.FaultError{Code: "UnauthorizedOperation", Status: 403}})
	code, out, errs = scanWith(t, c.deps(restart), t.TempDir(), "--aws")
	if code != 0 || !strings.Contains(out, "cloudtrail-logging-stopped") || !strings.Contains(errs, "the 17 regions that every account has are looked at") {
		t.Errorf("exit %d, want 0: nobody asked for that region by name\n%s\n%s", code, out, errs)
	}
	c.box.AddFault(sandbox.Fault{Match: sandbox.Match{Operation: "LookupEvents"}, Error: &sandbox.FaultError{Code: "AccessDeniedException", Status: 400}})
	if code, _, errs = scanWith(t, c.deps(restart), t.TempDir(), "--aws"); code != 1 || !strings.Contains(errs, "no region could be read") {
		t.Errorf("exit %d:\n%s", code, errs)
	}
}

func TestScanAWSUsage(t *testing.T) {
	tests := []struct {
		args []string
		say  string
	}{
		{[]string{"--aws", "file.json"}, "unknown command"},
		{[]string{"--regions", "all", "file.json"}, "--regions goes with --aws"},
		{[]string{"--aws", "--since", "soon"}, "write 7d, 36h, 2026-11-01"},
		{[]string{"--aws", "--since", "2999-01-01"}, "not in the past"},
		{[]string{"--aws", "--regions", "Ireland"}, `"Ireland" is no region`},
	}
	for _, tt := range tests {
		if code, _, errs := scanWith(t, Deps{}, t.TempDir(), tt.args...); code != exitUsage || !strings.Contains(errs, tt.say) {
			t.Errorf("%v: exit %d, %s", tt.args, code, errs)
		}
	}
}

func TestParseMoment(t *testing.T) {
	now := time.Date(2026, 11, 21, 15, 0, 0, 0, time.UTC)
	tests := map[string]string{
		"7d": "2026-11-14T15:00:00Z", "36h": "2026-11-20T03:00:00Z", "90m": "2026-11-21T13:30:00Z", "2026-11-01": "2026-11-01T00:00:00Z",
		"2026-11-01T08:00:00+02:00": "2026-11-01T06:00:00Z", "-3h": "", "-2d": "", "": "", "d": "", "99999d": "", "tomorrow": "",
	}
	for text, want := range tests {
		got, err := parseMoment(text, now)
		if want == "" {
			if err == nil {
				t.Errorf("%q is read as %s", text, got)
			}
		} else if err != nil || got.Format(time.RFC3339) != want {
			t.Errorf("%q is read as %s, want %s; %v", text, got.Format(time.RFC3339), want, err)
		}
	}
}

// The newest responses are kept, each rule and resource once, whatever order they come in.
func TestResponsesKeepTheNewest(t *testing.T) {
	r := newResponses(2)
	for _, d := range []Detection{
		{Rule: "a", Resources: []string{"x"}, Time: "1", EventID: "old x"},
		{Rule: "a", Resources: []string{"y"}, Time: "2", EventID: "y"},
		{Rule: "a", Resources: []string{"z"}, Time: "3", EventID: "z"},
		{Rule: "a", Resources: []string{"x"}, Time: "4", EventID: "new x"},
		{Rule: "a", Resources: []string{"x"}, Time: "2", EventID: "older x"},
	} {
		d.response = &response{}
		r.add(d)
	}
	r.add(Detection{Rule: "b", Resources: []string{"w"}, Time: "9", EventID: "starts nothing"})
	if len(r.newest) != 2 || r.newest[0].EventID != "new x" || r.newest[1].EventID != "z" || len(r.seen) != 3 {
		t.Errorf("kept are %+v of %d", r.newest, len(r.seen))
	}
}

// A file on disk may begin before the time that is asked for.
func TestScanLeavesOutOlderEvents(t *testing.T) {
	rules, err := (&ruleFlags{}).load(detect.LoadOptions{})
	if err != nil {
		t.Fatal(err)
	}
	records := string(logFile(60))
	later := strings.Replace(records, `"eventTime":"2026-03-01T03:00:00Z"`, `"eventTime":"2026-03-01T05:00:00Z"`, 1) // a StopLogging
	path := filepath.Join(t.TempDir(), "events.json")
	if err := os.WriteFile(path, []byte(later), 0o600); err != nil {
		t.Fatal(err)
	}
	s := &scan{rules: rules, since: time.Date(2026, 3, 1, 4, 0, 0, 0, time.UTC), refused: func(err error) { t.Error(err) }}
	times := map[string]bool{}
	if err := s.run(t.Context(), []string{path}, nil, nil, func(d Detection) error { times[d.Time] = true; return nil }); err != nil {
		t.Fatal(err)
	}
	if s.events != 1 || len(times) != 1 || !times["2026-03-01T05:00:00Z"] {
		t.Errorf("%d events, detections of %v", s.events, times)
	}
}

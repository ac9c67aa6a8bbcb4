package sandbox_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/accessanalyzer"
	"github.com/aws/aws-sdk-go-v2/service/accessanalyzer/types"
	"github.com/aws/aws-sdk-go-v2/service/guardduty"
	"github.com/aws/aws-sdk-go-v2/service/macie2"
	"github.com/aws/aws-sdk-go-v2/service/securityhub"

	"riposte.dev/sandbox"
)

// TestDetectorsCLI turns the services that watch an account on with Debian's
// aws, and looks at the records of it.
func TestDetectorsCLI(t *testing.T) {
	w := newWorld(t, sandbox.Options{})
	run := func(args ...string) string { return w.cli("eu-west-1", append(args, "--output", "text")...) }
	id := run("guardduty", "create-detector", "--enable", "--query", "DetectorId")
	run("securityhub", "enable-security-hub", "--no-enable-default-standards")
	run("macie2", "enable-macie", "--status", "PAUSED")
	if got := run("macie2", "get-macie-session", "--query", "status"); got != "PAUSED" {
		t.Errorf("Macie is %s", got)
	}
	run("accessanalyzer", "create-analyzer", "--analyzer-name", "external", "--type", "ACCOUNT")
	if got := run("accessanalyzer", "list-analyzers", "--query", "analyzers[].[name,status]"); got != "external\tACTIVE" {
		t.Errorf("the analyzers are %s", got)
	}
	recorded := map[string]string{}
	for _, e := range w.delivered(4) {
		detail := e["detail"].(map[string]any)
		raw, err := json.Marshal([]any{detail["requestParameters"], detail["responseElements"]})
		if err != nil {
			t.Fatal(err)
		}
		recorded[detail["eventSource"].(string)+" "+detail["eventName"].(string)] = string(raw)
	}
	for call, want := range map[string]string{
		"guardduty.amazonaws.com CreateDetector":       `[{"clientToken":"*","enable":true},{"detectorId":"` + id + `"}]`,
		"securityhub.amazonaws.com EnableSecurityHub":  `[{"EnableDefaultStandards":false},null]`,
		"macie2.amazonaws.com EnableMacie":             `[{"clientToken":"*","status":"PAUSED"},null]`,
		"access-analyzer.amazonaws.com CreateAnalyzer": `[{"analyzerName":"external","clientToken":"*","type":"ACCOUNT"},{"arn":"arn:aws:access-analyzer:eu-west-1:` + testAccount + `:analyzer/external"}]`,
	} {
		before, after, masked := strings.Cut(want, "*")
		if got := recorded[call]; got != want && (!masked || !strings.HasPrefix(got, before) || !strings.HasSuffix(got, after)) {
			t.Errorf("the record of %s has %s, want %s", call, got, want)
		}
	}
}

func TestWhatDetectorsRefuse(t *testing.T) {
	w, ctx := newWorld(t, sandbox.Options{}), t.Context()
	cfg := w.config(w.root, "eu-west-1")
	duty, hub, mac, analyzer := guardduty.NewFromConfig(cfg), securityhub.NewFromConfig(cfg), macie2.NewFromConfig(cfg), accessanalyzer.NewFromConfig(cfg)

	_, err := duty.GetDetector(ctx, &guardduty.GetDetectorInput{DetectorId: aws.String("12abc34d567e8fa901bc2d34e56789f0")})
	wantCode(t, err, "BadRequestException")
	create := func() error {
		_, err := duty.CreateDetector(ctx, &guardduty.CreateDetectorInput{Enable: aws.Bool(true)})
		return err
	}
	must(t, create())
	wantCode(t, create(), "BadRequestException")

	disable := func() error {
		_, err := hub.DisableSecurityHub(ctx, &securityhub.DisableSecurityHubInput{})
		return err
	}
	wantCode(t, disable(), "InvalidAccessException")
	_, err = hub.EnableSecurityHub(ctx, &securityhub.EnableSecurityHubInput{})
	must(t, err)
	_, err = hub.EnableSecurityHub(ctx, &securityhub.EnableSecurityHubInput{})
	wantCode(t, err, "ResourceConflictException")
	page, err := hub.GetEnabledStandards(ctx, &securityhub.GetEnabledStandardsInput{MaxResults: aws.Int32(1)})
	if err != nil || len(page.StandardsSubscriptions) != 1 || page.NextToken == nil {
		t.Errorf("the first page of standards is %+v, %v", page, err)
	}
	must(t, disable())

	_, err = mac.GetMacieSession(ctx, &macie2.GetMacieSessionInput{})
	wantCode(t, err, "AccessDeniedException")
	_, err = mac.EnableMacie(ctx, &macie2.EnableMacieInput{})
	must(t, err)
	_, err = mac.EnableMacie(ctx, &macie2.EnableMacieInput{})
	wantCode(t, err, "ConflictException")

	analyze := func(name string) error {
		_, err := analyzer.CreateAnalyzer(ctx, &accessanalyzer.CreateAnalyzerInput{AnalyzerName: &name, Type: types.TypeAccount})
		return err
	}
	must(t, analyze("one"))
	wantCode(t, analyze("one"), "ConflictException")
	wantCode(t, analyze("two"), "ServiceQuotaExceededException")
	_, err = analyzer.DeleteAnalyzer(ctx, &accessanalyzer.DeleteAnalyzerInput{AnalyzerName: aws.String("two")})
	wantCode(t, err, "ResourceNotFoundException")
}

// A service is turned on by somebody who may have its role made, once.
func TestRolesOfServices(t *testing.T) {
	w, ctx := newWorld(t, sandbox.Options{}), t.Context()
	alice := w.user("alice", `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"guardduty:*","Resource":"*"}]}`)
	create := func(region string, keys sandbox.Keys) error {
		_, err := guardduty.NewFromConfig(w.config(keys, region)).CreateDetector(ctx, &guardduty.CreateDetectorInput{Enable: aws.Bool(true)})
		return err
	}
	wantCode(t, create("eu-west-1", alice), "AccessDeniedException")
	must(t, create("eu-west-1", w.root))
	must(t, create("us-east-1", alice))
}

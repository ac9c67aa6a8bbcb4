package flapping

import (
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudtrail"
	"github.com/aws/aws-sdk-go-v2/service/sts"

	"riposte.dev/detect"
	"riposte.dev/finding"
	"riposte.dev/playbook"
	"riposte.dev/sandbox"
	"riposte.dev/test/stage"
)

// session assumes a role under the session name that riposte uses, and names riposte as the client.
func (e *engine) session(t *testing.T, k sandbox.Keys, role string) aws.Config {
	t.Helper()
	cfg := e.As(k, stage.Region)
	cfg.AppID = "riposte"
	out, err := sts.NewFromConfig(cfg).AssumeRole(e.ctx, &sts.AssumeRoleInput{
		RoleArn: aws.String("arn:aws:iam::" + stage.Account + ":role/" + role), RoleSessionName: aws.String("riposte")})
	if err != nil {
		t.Fatal(err)
	}
	cfg = e.As(sandbox.Keys{AccessKeyID: *out.Credentials.AccessKeyId, SecretAccessKey: *out.Credentials.SecretAccessKey,
		SessionToken: *out.Credentials.SessionToken}, stage.Region)
	cfg.AppID = "riposte"
	return cfg
}

func stopAs(e *engine, cfg aws.Config) error {
	_, err := cloudtrail.NewFromConfig(cfg).StopLogging(e.ctx, &cloudtrail.StopLoggingInput{Name: aws.String(trail)})
	return err
}

// Whoever names riposte as the client, and the session as riposte names its own, is answered like everybody else.
func TestPretendingToBeRiposteIsAnswered(t *testing.T) {
	e := start(t, "rules: {bundled: false, paths: [rules.yaml]}\n")
	if err := stopAs(e, e.session(t, e.Intruder, stage.Borrowed)); err != nil {
		t.Fatal(err)
	}
	e.eventually(t, "the response", func() bool {
		list := e.executions(t, "trail-stopped")
		return len(list) == 1 && list[0].Status == playbook.Succeeded
	})
	e.settled(t)
	if n := len(e.Calls("StartLogging")); n != 1 {
		t.Errorf("riposte started the trail %d times, want once", n)
	}
	if list := e.findings(t, detect.MisuseRule); len(list) > 0 {
		t.Errorf("another role is taken for riposte's: %s", list[0].Title)
	}
}

// Riposte's role in other hands: whatever it is used for is CRITICAL, and starts nothing.
func TestTheRespondersRoleInOtherHandsIsCritical(t *testing.T) {
	e := start(t, "rules: {bundled: false, paths: [rules.yaml]}\n")
	stolen := e.session(t, e.Own, stage.Responder)
	for range 3 {
		if err := stopAs(e, stolen); err != nil {
			t.Fatal(err)
		}
	}
	var found []finding.Finding
	e.eventually(t, "the findings", func() bool {
		found = e.findings(t, detect.MisuseRule)
		return len(found) >= 3
	})
	for _, f := range found {
		if f.Severity.Label != finding.Critical {
			t.Errorf("%s is %s", f.Title, f.Severity.Label)
		}
	}
	if list := e.executions(t, ""); len(list) > 0 {
		t.Errorf("it started %+v", list)
	}
	if on, err := e.Logging(e.ctx, stage.Region, trail); err != nil || on {
		t.Errorf("the trail logs: %v, %v: something responded", on, err)
	}
}

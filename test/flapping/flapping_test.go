package flapping

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"
	"github.com/aws/smithy-go"

	"riposte.dev/detect"
	"riposte.dev/notify/smtp/smtptest"
	"riposte.dev/playbook"
	"riposte.dev/test/stage"
)

// status is whether the intruder's key may be used.
func (e *engine) status(t *testing.T) types.StatusType {
	t.Helper()
	out, err := iam.NewFromConfig(e.As(e.Admin, "us-east-1")).ListAccessKeys(e.ctx, &iam.ListAccessKeysInput{UserName: aws.String("mallory")})
	if err != nil {
		t.Fatal(err)
	}
	return out.AccessKeyMetadata[0].Status
}

// fight stops the trail every quarter of a second until AWS refuses, and returns how often it was stopped.
func (e *engine) fight(t *testing.T) (stops int) {
	t.Helper()
	tick := time.NewTicker(250 * time.Millisecond)
	defer tick.Stop()
	for {
		err := e.StopTrail(e.ctx, stage.Region, trail)
		var refused smithy.APIError
		switch {
		case err == nil:
			stops++
		case errors.As(err, &refused) && e.ctx.Err() == nil:
			if code := refused.ErrorCode(); code != "UnrecognizedClientException" && code != "InvalidClientTokenId" {
				t.Fatalf("AWS refuses with %v", err)
			}
			return stops
		default:
			t.Fatalf("after %d stops: %v; the executions: %+v", stops, err, e.executions(t, ""))
		}
		select {
		case <-tick.C:
		case <-e.ctx.Done():
		}
	}
}

func TestWhoStopsATrailAgainAndAgainIsContained(t *testing.T) {
	e := start(t, "rules: {bundled: false, paths: [rules.yaml]}\n")
	stops := e.fight(t)
	if got := e.status(t); got != types.StatusTypeInactive {
		t.Fatalf("AWS refuses, and the key is %s", got)
	}
	e.eventually(t, "the escalation to end", func() bool {
		list := e.executions(t, "trail-stopped/escalate")
		return len(list) == 1 && list[0].Status == playbook.Succeeded
	})
	e.settled(t)
	if n := len(e.Calls("StartLogging")); n == 0 || n > stops {
		t.Errorf("riposte started the trail %d times, it was stopped %d times", n, stops)
	}
	if len(e.Calls("LookupEvents")) == 0 {
		t.Error("nobody asked CloudTrail whether the events are true")
	}
	if n := len(e.Calls("UpdateAccessKey")); n != 1 {
		t.Errorf("riposte changed keys %d times, want once", n)
	}
	if list := e.findings(t, detect.MisuseRule); len(list) > 0 {
		t.Errorf("riposte takes itself for an intruder: %s", list[0].Title)
	}
	mail, err := e.Mail.Wait(e.ctx, func(m smtptest.Mail) bool { return strings.Contains(m.Text, "so it escalates") })
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(mail.Text, "mallory") {
		t.Errorf("the mail does not name who was contained: %s", mail.Text)
	}
	t.Logf("contained after %d stops, the trail was started %d times", stops, len(e.Calls("StartLogging")))
}

// The counts outlive the process: two breaks before, one after.
func TestBreaksOfBeforeARestartCount(t *testing.T) {
	e := start(t, "rules: {bundled: false, paths: [rules.yaml]}\n")
	for range 2 {
		if err := e.StopTrail(e.ctx, stage.Region, trail); err != nil {
			t.Fatal(err)
		}
		e.settled(t)
	}
	e.stop(t)
	e.run(t)
	if err := e.StopTrail(e.ctx, stage.Region, trail); err != nil {
		t.Fatal(err)
	}
	e.eventually(t, "the key to be inactive", func() bool { return e.status(t) == types.StatusTypeInactive })
	e.settled(t)
}

// The bundled rule asks before it takes a key away, and starts the trail again meanwhile.
func TestTheBundledRuleAsks(t *testing.T) {
	e := start(t, "")
	for range 3 {
		if err := e.StopTrail(e.ctx, stage.Region, trail); err != nil {
			t.Fatal(err)
		}
	}
	var waiting []playbook.Approval
	e.eventually(t, "people to be asked", func() bool {
		e.ask(t, "/api/v1/approvals", &waiting)
		return len(waiting) == 1
	})
	if waiting[0].Rule != "cloudtrail-logging-stopped/escalate" || e.status(t) != types.StatusTypeActive {
		t.Errorf("asked %+v while the key is %s", waiting[0], e.status(t))
	}
	e.eventually(t, "the trail to log", func() bool {
		on, err := e.Logging(e.ctx, stage.Region, trail)
		return err == nil && on
	})
}

// Who may send events makes three up, against the administrator: CloudTrail does not show them, so his key stays as it is.
func TestEventsThatAreMadeUpContainNobody(t *testing.T) {
	e := start(t, "rules: {bundled: false, paths: [rules.yaml]}\n")
	for i := range 3 {
		now := time.Now().UTC().Format(time.RFC3339)
		made := fmt.Sprintf(`{"version":"0","id":"made-up-%[1]d","detail-type":"AWS API Call via CloudTrail","source":"aws.cloudtrail","account":%[2]q,"time":%[3]q,
			"region":%[4]q,"resources":[],"detail":{"eventVersion":"1.09","userIdentity":{"type":"IAMUser","arn":"arn:aws:iam::%[5]s:user/admin","accountId":%[2]q,
			"accessKeyId":%[6]q,"userName":"admin"},"eventTime":%[3]q,"eventSource":"cloudtrail.amazonaws.com","eventName":"StopLogging","awsRegion":%[4]q,
			"sourceIPAddress":"203.0.113.7","requestParameters":{"name":%[7]q},"requestID":"made-up-%[1]d","eventID":"made-up-%[1]d","eventType":"AwsApiCall",
			"recipientAccountId":%[2]q}}`, i, stage.Account, now, stage.Region, stage.Account, e.Admin.AccessKeyID, trail)
		if err := e.Post(e.ctx, http.DefaultClient, []byte(made)); err != nil {
			t.Fatal(err)
		}
	}
	e.eventually(t, "the escalation to have tried", func() bool {
		list := e.executions(t, "trail-stopped/escalate")
		if len(list) != 1 {
			return false
		}
		var v playbook.View
		e.ask(t, "/api/v1/executions/"+list[0].ID, &v)
		if v.Status != playbook.Running {
			t.Fatalf("it is %s: %s", v.Status, v.Why)
		}
		return slices.ContainsFunc(v.Visits, func(visit playbook.Visit) bool {
			return visit.State == "DeactivateKey" && slices.ContainsFunc(visit.Tries, func(try playbook.Try) bool { return try.Error == playbook.ErrNotCorroborated })
		})
	})
	if n := len(e.Calls("UpdateAccessKey")); n != 0 {
		t.Errorf("riposte changed keys %d times", n)
	}
}

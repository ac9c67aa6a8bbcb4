package app

import (
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/cloudtrail"

	"riposte.dev/accounts"
	"riposte.dev/action"
	"riposte.dev/detect"
	"riposte.dev/guard"
	"riposte.dev/playbook"
	"riposte.dev/sandbox"
)

func TestOutcomeAndSentence(t *testing.T) {
	notice := func(mode guard.Mode, statuses ...action.Status) playbook.Notice {
		n := playbook.Notice{Mode: mode, Plans: []action.Plan{{}}}
		for _, s := range statuses {
			n.Plans[0].Items = append(n.Plans[0].Items, action.Item{Status: s})
		}
		return n
	}
	undo := notice(guard.Auto, action.Changed)
	undo.Start.Undoes = "x"
	held := notice(guard.Auto)
	held.Held = "ana paused everything."
	failed := notice(guard.Auto)
	failed.Failed = "Restart failed"
	tests := []struct {
		name              string
		notice            playbook.Notice
		outcome, sentence string
	}{
		{"changed", notice(guard.Auto, action.Changed), "answered", "riposte put one resource right and verified it."},
		{"several", notice(guard.Auto, action.Changed, action.Changed, action.Unneeded), "answered",
			"riposte put 2 resources right and verified them, found one resource right already."},
		{"in part", notice(guard.Auto, action.Changed, action.Failed), "answered in part",
			"riposte put one resource right and verified it, failed at one resource."},
		{"failed", notice(guard.Auto, action.Failed), "could not be answered", "riposte failed at one resource."},
		{"dry run", notice(guard.DryRun, action.Change), "dry run", "riposte would change one resource."},
		{"escalated", notice(guard.Auto, action.Escalated), "needs you", "riposte could not act on one resource itself."},
		{"excepted", notice(guard.Auto, action.Excepted), "left alone by exception", "riposte left one resource alone because of an exception."},
		{"nothing", notice(guard.Auto, action.Unneeded), "nothing was needed", "riposte found one resource right already."},
		{"undone", undo, "undone", "riposte put one resource back and verified it."},
		{"held up", held, "held up", "riposte waits, because ana paused everything."},
		{"error", failed, "response failed", "riposte ended with an error: Restart failed."},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := outcome(tt.notice); got != tt.outcome {
				t.Errorf("outcome = %q, want %q", got, tt.outcome)
			}
			if got := sentence(tt.notice); got != tt.sentence {
				t.Errorf("sentence = %q, want %q", got, tt.sentence)
			}
		})
	}
}

// Who stopped a trail before riposte was there is asked of CloudTrail.
func TestStopperAsksLookupEvents(t *testing.T) {
	const account, region = "111122223333", "eu-west-1"
	box, err := sandbox.New(sandbox.Options{})
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(box.Handler())
	t.Cleanup(server.Close)
	tenant, err := box.CreateAccount(account, "shop")
	if err != nil {
		t.Fatal(err)
	}
	keys, err := tenant.CreateUser("carol", sandbox.AdministratorAccess)
	if err != nil {
		t.Fatal(err)
	}
	cfg := aws.Config{Region: region, BaseEndpoint: aws.String(server.URL), Credentials: credentials.NewStaticCredentialsProvider(keys.AccessKeyID, keys.SecretAccessKey, "")}
	makeTrails(t, cfg, "trail-logs-of-shop", "stopped", "never-started")
	trails := cloudtrail.NewFromConfig(cfg)
	if _, err := trails.StartLogging(t.Context(), &cloudtrail.StartLoggingInput{Name: aws.String("stopped")}); err != nil {
		t.Fatal(err)
	}
	if _, err := trails.StopLogging(t.Context(), &cloudtrail.StopLoggingInput{Name: aws.String("stopped")}); err != nil {
		t.Fatal(err)
	}
	base, err := accounts.Base(t.Context(), accounts.Identity{Region: region, Endpoint: server.URL, AccessKeyID: keys.AccessKeyID, SecretAccessKey: keys.SecretAccessKey})
	if err != nil {
		t.Fatal(err)
	}
	reach, err := accounts.New(accounts.Options{Base: base})
	if err != nil {
		t.Fatal(err)
	}
	r := &reporter{accounts: reach, activity: detect.NewActivity(0, 0, time.Now), now: time.Now}
	for trail, want := range map[string]string{"stopped": "IAM user carol at ", "never-started": "unknown"} {
		item := action.Item{Status: action.Changed, Resource: action.Resource{Account: account, Region: region, Type: "AWS::CloudTrail::Trail",
			ARN: "arn:aws:cloudtrail:" + region + ":" + account + ":trail/" + trail}}
		if got := r.stopper(t.Context(), item); !strings.HasPrefix(got, want) {
			t.Errorf("%s was stopped by %q, want %q", trail, got, want)
		}
	}
	server.Close()
	if got := r.stopper(t.Context(), action.Item{Status: action.Changed, Resource: action.Resource{Account: account, Region: region, ARN: "arn"}}); !strings.HasPrefix(got, "unknown (") {
		t.Errorf("with AWS out of reach: %q", got)
	}
}

func TestQuestionsAreToldInThePlaybooksWords(t *testing.T) {
	a := &playbook.Approval{Question: playbook.Question{Text: "May the host be wiped?", Quorum: 2, Expires: time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC), Otherwise: playbook.Leave}}
	if got, want := asks(a), "The playbook asks 2 people: May the host be wiped? Without an answer until 2026-03-01T12:00:00Z it counts as refused."; got != want {
		t.Errorf("%s", got)
	}
	if a.Otherwise = playbook.Act; !strings.HasSuffix(asks(a), "counts as approved.") {
		t.Errorf("%s", asks(a))
	}
	if a.Text = ""; !strings.HasPrefix(asks(a), "Riposte has a plan and waits for 2 people") {
		t.Errorf("%s", asks(a))
	}
}

package demo

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudtrail"
	"github.com/aws/aws-sdk-go-v2/service/iam"

	"riposte.dev/action"
	"riposte.dev/cli"
	"riposte.dev/notify/smtp/smtptest"
	"riposte.dev/playbook"
	"riposte.dev/sandbox"
)

// scene is one part of the story. It fails when one of its checks does not hold.
type scene struct {
	title string
	play  func(ctx context.Context, w *world) error
}

func story(crash bool) []scene {
	stop := scene{"Near real time: somebody stops the trail, and it restarts by itself", stopTrail}
	if crash {
		stop = scene{"Somebody stops the trail, and the engine is killed while it answers", stopTrailAndCrash}
	}
	return []scene{
		{"An account with a trail, and people who want to know", prepare},
		stop,
		{"Investigation: the same cause, as a finding", investigate},
		{"AWS Config finds the account not compliant", compliance},
		{"A port is opened to the world", openPort},
		{"A plan in dry run, and an undo", dryRunAndUndo},
	}
}

const trail = "audit"

// intrude is what the unauthorised user does: look around, be refused, stop the trail.
func intrude(ctx context.Context, w *world) error {
	w.says("mallory, from %s: looks at the trails, is refused the list of users, stops the trail.", intruderIP)
	mallory := w.trails("mallory", region, intruderIP)
	if _, err := mallory.DescribeTrails(ctx, &cloudtrail.DescribeTrailsInput{}); err != nil {
		return err
	}
	if _, err := iam.NewFromConfig(w.as(w.keys["mallory"], home, intruderIP)).CreateUser(ctx, &iam.CreateUserInput{UserName: aws.String("backdoor")}); err == nil {
		return fmt.Errorf("mallory may create users")
	}
	_, err := mallory.StopLogging(ctx, &cloudtrail.StopLoggingInput{Name: aws.String(trail)})
	return err
}

func stopTrail(ctx context.Context, w *world) error {
	if err := intrude(ctx, w); err != nil {
		return err
	}
	return answered(ctx, w)
}

// answered checks that the trail is back, once, and that people know.
func answered(ctx context.Context, w *world) error {
	s, err := w.execution(ctx, "cloudtrail-logging-stopped")
	if err != nil {
		return err
	}
	w.stopped = s.ID
	on, err := w.logging(ctx, trail, region)
	if err != nil {
		return err
	}
	if !on || s.Items[action.Changed] != 1 {
		return fmt.Errorf("the trail logs: %v, items %v", on, s.Items)
	}
	w.checked("the trail %q logs again", trail)
	if s.FirstCall > 0 { // the crash took the time of the first call with it
		w.checked("%s from receipt of the event to the call that changed it", cli.Milliseconds(s.FirstCall))
	}
	if err := w.startedOnce(); err != nil {
		return err
	}
	mail, err := w.mailTo(ctx, "soc@example.com", "riposte@example.com", s.ID)
	if err != nil {
		return err
	}
	for _, part := range []string{"IAM user mallory", intruderIP, "trail/" + trail, "cloudtrail:StopLogging", "AccessDenied", "executions undo " + s.ID, "threat list"} {
		if !strings.Contains(mail.Text, part) {
			return fmt.Errorf("the mail does not tell %q:\n%s", part, mail.Text)
		}
	}
	w.shows("mail to soc@example.com: "+mail.Subject, mail.Text)
	w.checked("the mail says what, who, from where, what else, what was done and how to undo it")
	return w.topicTold(ctx, s.ID)
}

// startedOnce checks that riposte called StartLogging exactly once.
func (w *world) startedOnce() error {
	calls := 0
	for _, c := range w.box.Calls(sandbox.Match{Service: "cloudtrail", Operation: "StartLogging"}) {
		if strings.Contains(c.Principal, "riposte-responder") {
			calls++
		}
	}
	if calls != 1 {
		return fmt.Errorf("the sandbox has seen %d StartLogging calls by riposte", calls)
	}
	w.checked("AWS has seen exactly one StartLogging by riposte")
	return nil
}

// mailTo waits for a mail from riposte (or SNS) to an address that holds the text.
func (w *world) mailTo(ctx context.Context, to, from, text string) (smtptest.Mail, error) {
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	return w.mail.Wait(ctx, func(m smtptest.Mail) bool {
		return strings.Contains(strings.Join(m.Recipients, " "), to) && (from == "" || m.From == from) && strings.Contains(m.Text, text)
	})
}

// stopTrailAndCrash holds AWS's answer back, kills the engine, and sees it finish after the restart.
func stopTrailAndCrash(ctx context.Context, w *world) error {
	hold := make(chan struct{})
	remove := w.box.AddFault(sandbox.Fault{
		Match: sandbox.Match{Service: "cloudtrail", Operation: "StartLogging"}, Times: 1, After: true, Hold: hold,
	})
	defer remove()
	if err := intrude(ctx, w); err != nil {
		return err
	}
	if err := wait(ctx, "the call", func() (bool, error) { return w.logging(ctx, trail, region) }); err != nil {
		return err
	}
	w.says("AWS has restarted the trail, but its answer is still on the way: between intent and outcome.")
	if err := w.engine.kill(); err != nil {
		return err
	}
	close(hold)
	w.says("the engine was killed with SIGKILL; starting it again.")
	if err := w.start(ctx); err != nil {
		return err
	}
	s, err := w.execution(ctx, "cloudtrail-logging-stopped")
	if err != nil {
		return err
	}
	var view playbook.View
	if err := w.client.Call(ctx, http.MethodGet, "/api/v1/executions/"+s.ID, nil, nil, &view); err != nil {
		return err
	}
	if !view.Recovered {
		return fmt.Errorf("execution %s does not say that it was interrupted", s.ID)
	}
	w.checked("the story resumed: execution %s was finished after the restart", s.ID)
	return answered(ctx, w)
}

// invite says what to try next.
func (w *world) invite() {
	admin := w.keys["admin"]
	w.printf(`
riposte stays up until Ctrl-C. In a second terminal:

  export AWS_ENDPOINT_URL=%s AWS_DEFAULT_REGION=%s AWS_ACCESS_KEY_ID=%s AWS_SECRET_ACCESS_KEY=%s
  export RIPOSTE_DATA=%s
  riposte watch                                                       # see it live (bin/riposte)
  aws --endpoint-url %s cloudtrail stop-logging --name %s          # it heals
  riposte executions list
  riposte findings list`, w.url, region, admin.AccessKeyID, admin.SecretAccessKey, w.data, w.url, trail)
}

package aws_test

import (
	"context"

	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"

	"riposte.dev/fault"
	"riposte.dev/sandbox"
	"riposte.dev/target"
	targetaws "riposte.dev/target/aws"
)

// A target in another account is reached by the role that it names; riposte's own access is to its own account.
func TestRole(t *testing.T) {
	w := newWorld(t)
	url := makeQueue(t, w.foreign, "theirs", nil)
	role, err := w.second.CreateRole("forward", `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"`+account+`"},"Action":"sts:AssumeRole"}]}`,
		`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"sqs:SendMessage","Resource":"*"}]}`)
	if err != nil {
		t.Fatal(err)
	}
	access := w.user(t, "riposte", `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"sts:AssumeRole","Resource":"*"}]}`)
	var asked []string
	s := sender(t, func(ctx context.Context, account, region string) (aws.Config, error) {
		asked = append(asked, account+" "+region)
		return access(ctx, account, region)
	}, "sqs")
	theirs := "arn:aws:sqs:" + region + ":" + other + ":theirs"
	for range 2 {
		if err := s.Send(t.Context(), request(target.Config{ARN: theirs, RoleARN: role}, `{"a":1}`)); err != nil {
			t.Fatal(err)
		}
	}
	if got := len(receive(t, w.foreign, url)); got != 2 {
		t.Errorf("%d messages", got)
	}
	if n := len(w.Calls(sandbox.Match{Service: "sts", Operation: "AssumeRole"})); n != 1 {
		t.Errorf("the role was assumed %d times", n)
	}
	if err := s.Send(t.Context(), request(target.Config{ARN: theirs}, `{"a":1}`)); fault.CodeOf(err) != fault.Denied {
		t.Errorf("without the role: %v", err)
	}
	if got := strings.Join(asked, ", "); got != " eu-west-1,  eu-west-1, 444455556666 eu-west-1" {
		t.Errorf("asked for %q", got)
	}
	err = s.Send(t.Context(), request(target.Config{ARN: theirs, RoleARN: "arn:aws:iam::444455556666:role/nobody"}, `{"a":1}`))
	if fault.CodeOf(err) != fault.Denied {
		t.Errorf("a role that isn't there: %v", err)
	}
}

// What the configuration of accounts says is kept: its fault codes decide.
func TestAccessFails(t *testing.T) {
	for code, want := range map[fault.Code]bool{fault.Denied: false, fault.Unavailable: true} {
		access := func(context.Context, string, string) (aws.Config, error) {
			return aws.Config{}, fault.New(code, "account %s", account)
		}
		for _, s := range targetaws.Senders(access) {
			c := target.Config{ARN: arnOf("x", "y"), RunCommandParameters: &target.RunCommandParameters{}, ECSParameters: &target.ECSParameters{}}
			if err := s.Send(t.Context(), request(c, `{}`)); fault.CodeOf(err) != code || fault.Retryable(err) != want {
				t.Errorf("%s: %v", s.Kind(), err)
			}
		}
	}
}

func TestDeadLetterQueue(t *testing.T) {
	w := newWorld(t)
	url := makeQueue(t, w.root, "dead", nil)
	dead := targetaws.DeadLetters(w.user(t, "riposte", sandbox.AdministratorAccess))
	err := dead.Bury(t.Context(), arnOf("sqs", "dead"), target.Letter{Event: []byte(event), Attributes: map[string]string{
		"RULE_ARN": "arn:riposte:rule/r", "TARGET_ARN": arnOf("sqs", "q"), "ERROR_CODE": "NO_PERMISSIONS",
		"ERROR_MESSAGE": "denied\x00\n" + strings.Repeat("é", 2000), "RETRY_ATTEMPTS": "0", "EMPTY": "",
	}})
	if err != nil {
		t.Fatal(err)
	}
	got := receive(t, w.root, url)
	if len(got) != 1 || *got[0].Body != event || len(got[0].MessageAttributes) != 5 {
		t.Fatalf("got %+v", got)
	}
	if code := *got[0].MessageAttributes["ERROR_CODE"].StringValue; code != "NO_PERMISSIONS" {
		t.Errorf("ERROR_CODE is %s", code)
	}
	if text := *got[0].MessageAttributes["ERROR_MESSAGE"].StringValue; !strings.HasPrefix(text, "denied  é") || len(text) > 1024 {
		t.Errorf("ERROR_MESSAGE is %q", text)
	}
	if err := dead.Bury(t.Context(), arnOf("sqs", "nowhere"), target.Letter{Event: []byte(event)}); fault.CodeOf(err) != fault.NotFound {
		t.Errorf("without the queue: %v", err)
	}
}

// Nothing that a hanging service does outlives the attempt, and the attempt is made again.
func TestTimeout(t *testing.T) {
	w := newWorld(t)
	makeQueue(t, w.root, "q", nil)
	hold := make(chan struct{})
	t.Cleanup(func() { close(hold) })
	w.AddFault(sandbox.Fault{Match: sandbox.Match{Service: "sqs", Operation: "SendMessage"}, Hold: hold})
	s := sender(t, w.user(t, "riposte", sandbox.AdministratorAccess), "sqs")
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	if err := s.Send(ctx, request(target.Config{ARN: arnOf("sqs", "q")}, `{}`)); fault.CodeOf(err) != fault.Timeout {
		t.Errorf("got %v", err)
	}
}

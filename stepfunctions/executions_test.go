package stepfunctions_test

import (
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sfn"
	"github.com/aws/aws-sdk-go-v2/service/sfn/types"
	"github.com/aws/smithy-go"

	"riposte.dev/playbook"
)

const (
	pass  = `{"StartAt":"P","States":{"P":{"Type":"Pass","Next":"Q"},"Q":{"Type":"Pass","End":true}}}`
	waits = `{"StartAt":"W","States":{"W":{"Type":"Wait","Seconds":3600,"End":true}}}`
	named = `{"StartAt":"P","States":{"P":{"Type":"Pass","Parameters":{"id.$":"$$.Execution.Id","name.$":"$$.Execution.Name",` +
		`"role.$":"$$.Execution.RoleArn","machine.$":"$$.StateMachine.Id"},"End":true}}}`
)

func TestAnExecutionIsCalledByItsName(t *testing.T) {
	w := newWorld(t)
	w.create("m", named)
	if arn := w.begin("m", "one", `{"a": 1}`); arn != arns+"execution:m:one" {
		t.Error(arn)
	}
	out := w.ended("m", "one")
	wanted := `{"id":"` + arns + `execution:m:one","name":"one","role":"` + role + `","machine":"` + arns + `stateMachine:m"}`
	if out.Status != types.ExecutionStatusSucceeded || *out.Output != wanted || *out.Input != `{"a":1}` || *out.Name != "one" || out.StopDate == nil {
		t.Errorf("%s %s, output %s", out.Status, *out.Input, aws.ToString(out.Output))
	}
	if out.RedriveStatus != types.ExecutionRedriveStatusNotRedrivable || *out.RedriveCount != 0 {
		t.Errorf("%s after %d", out.RedriveStatus, *out.RedriveCount)
	}
	of, err := w.DescribeStateMachineForExecution(t.Context(), &sfn.DescribeStateMachineForExecutionInput{ExecutionArn: out.ExecutionArn})
	want(t, err, "")
	if *of.Definition != named || *of.RoleArn != role || *of.Name != "m" {
		t.Errorf("%s of %s, as %s", *of.Definition, *of.Name, *of.RoleArn)
	}
}

func TestTheSameNameIsTheSameExecution(t *testing.T) {
	w := newWorld(t)
	w.create("m", waits)
	first := w.begin("m", "one", `{"a": 1}`)
	if again := w.begin("m", "one", `{ "a":1 }`); again != first {
		t.Errorf("%s and %s", first, again)
	}
	start := func(name, input string) error {
		_, err := w.StartExecution(t.Context(), &sfn.StartExecutionInput{StateMachineArn: aws.String(arns + "stateMachine:m"), Name: &name, Input: &input})
		return err
	}
	want(t, start("one", `{"a": 2}`), "ExecutionAlreadyExists")
	_, err := w.StopExecution(t.Context(), &sfn.StopExecutionInput{ExecutionArn: &first, Error: aws.String("Enough"), Cause: aws.String("tired")})
	want(t, err, "")
	stopped := w.ended("m", "one")
	if stopped.Status != types.ExecutionStatusAborted || *stopped.Error != "Enough" || *stopped.Cause != "tired" {
		t.Errorf("%+v", stopped)
	}
	want(t, start("one", `{"a": 1}`), "ExecutionAlreadyExists")
	again, err := w.StopExecution(t.Context(), &sfn.StopExecutionInput{ExecutionArn: &first})
	want(t, err, "")
	if !again.StopDate.Equal(*stopped.StopDate) {
		t.Errorf("it is stopped again, at %s", again.StopDate)
	}
	for _, bad := range []struct{ name, input, code string }{
		{"a b", "{}", "InvalidName"}, {"a", "{", "InvalidExecutionInput"}, {"a", `"` + strings.Repeat("x", 256<<10) + `"`, "ValidationException"},
	} {
		want(t, start(bad.name, bad.input), bad.code)
	}
}

func TestTooManyExecutions(t *testing.T) {
	w := newWorld(t)
	w.create("m", waits)
	arn := w.begin("m", "one", "{}")
	_, err := w.StopExecution(t.Context(), &sfn.StopExecutionInput{ExecutionArn: &arn})
	want(t, err, "")
	w.more.Store(10_000)
	_, err = w.StartExecution(t.Context(), &sfn.StartExecutionInput{StateMachineArn: aws.String(arns + "stateMachine:m")})
	want(t, err, "ExecutionLimitExceeded")
	_, err = w.RedriveExecution(t.Context(), &sfn.RedriveExecutionInput{ExecutionArn: &arn})
	want(t, err, "ExecutionLimitExceeded")
	w.more.Store(0)
	_, err = w.RedriveExecution(t.Context(), &sfn.RedriveExecutionInput{ExecutionArn: &arn})
	want(t, err, "")
}

func TestAStartAtTheSameTime(t *testing.T) {
	w := newWorld(t)
	w.create("m", waits)
	var all sync.WaitGroup
	arns := make([]string, 20)
	for i := range arns {
		all.Go(func() { arns[i] = w.tryToBegin("m", "one", `{"a":1}`) })
	}
	all.Wait()
	for _, arn := range arns {
		if arn != arns[0] {
			t.Errorf("%s and %s", arn, arns[0])
		}
	}
}

// tryToBegin is begin, until it is not told to come back.
func (w *world) tryToBegin(machine, name, input string) string {
	for {
		out, err := w.StartExecution(w.t.Context(), &sfn.StartExecutionInput{StateMachineArn: aws.String(arns + "stateMachine:" + machine), Name: &name, Input: &input})
		var api smithy.APIError
		switch {
		case err == nil:
			return *out.ExecutionArn
		case !errors.As(err, &api) || api.ErrorCode() != "ServiceUnavailable":
			return err.Error()
		}
	}
}

func TestARedrivenExecution(t *testing.T) {
	w := newWorld(t)
	w.create("m", waits)
	arn := w.begin("m", "one", "{}")
	_, err := w.RedriveExecution(t.Context(), &sfn.RedriveExecutionInput{ExecutionArn: &arn})
	want(t, err, "ExecutionNotRedrivable", "running")
	_, err = w.StopExecution(t.Context(), &sfn.StopExecutionInput{ExecutionArn: &arn})
	want(t, err, "")
	if out := w.ended("m", "one"); out.RedriveStatus != types.ExecutionRedriveStatusRedrivable {
		t.Error(out.RedriveStatus)
	}
	redriven, err := w.RedriveExecution(t.Context(), &sfn.RedriveExecutionInput{ExecutionArn: &arn})
	want(t, err, "")
	if redriven.RedriveDate == nil {
		t.Error("without a date")
	}
	out, err := w.DescribeExecution(t.Context(), &sfn.DescribeExecutionInput{ExecutionArn: &arn})
	want(t, err, "")
	if out.Status != types.ExecutionStatusRunning || *out.RedriveCount != 1 || out.RedriveDate == nil {
		t.Errorf("%s, %d", out.Status, *out.RedriveCount)
	}
}

func TestHistoryInPages(t *testing.T) {
	w := newWorld(t)
	w.create("m", pass)
	arn := w.begin("m", "one", `{"a":1}`)
	w.ended("m", "one")
	var got []string
	in := &sfn.GetExecutionHistoryInput{ExecutionArn: &arn, MaxResults: 4, IncludeExecutionData: aws.Bool(false), ReverseOrder: true}
	pages := 0
	for {
		out, err := w.GetExecutionHistory(t.Context(), in)
		if err != nil {
			t.Fatal(err)
		}
		pages++
		for _, e := range out.Events {
			got = append(got, string(e.Type))
			if d := e.StateEnteredEventDetails; d != nil && (d.Input != nil || *d.Name == "") {
				t.Errorf("%+v", d)
			}
		}
		if in.NextToken = out.NextToken; out.NextToken == nil {
			break
		}
	}
	if all := strings.Join(got, " "); pages != 2 || all != "ExecutionSucceeded PassStateExited PassStateEntered PassStateExited PassStateEntered ExecutionStarted" {
		t.Errorf("%d pages: %s", pages, all)
	}
	_, err := w.GetExecutionHistory(t.Context(), &sfn.GetExecutionHistoryInput{ExecutionArn: &arn, NextToken: aws.String("made-up")})
	want(t, err, "InvalidToken")
}

func TestExecutionsInPages(t *testing.T) {
	w := newWorld(t)
	w.create("m", pass)
	w.create("other", pass)
	w.begin("other", "else", "{}")
	w.ended("other", "else")
	for _, name := range []string{"one", "two", "three"} {
		w.begin("m", name, "{}")
		w.ended("m", name)
	}
	w.indexed("m", 3)
	var names []string
	pages := sfn.NewListExecutionsPaginator(w.Client, &sfn.ListExecutionsInput{StateMachineArn: aws.String(arns + "stateMachine:m"), StatusFilter: types.ExecutionStatusSucceeded, MaxResults: 2})
	for pages.HasMorePages() {
		page, err := pages.NextPage(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range page.Executions {
			names = append(names, *e.Name)
		}
	}
	if strings.Join(names, " ") != "three two one" {
		t.Error(names)
	}
	out, err := w.ListExecutions(t.Context(), &sfn.ListExecutionsInput{StateMachineArn: aws.String(arns + "stateMachine:m"), StatusFilter: types.ExecutionStatusFailed})
	want(t, err, "")
	if len(out.Executions) != 0 {
		t.Error(out.Executions)
	}
	_, err = w.ListExecutions(t.Context(), &sfn.ListExecutionsInput{StateMachineArn: aws.String(arns + "stateMachine:none")})
	want(t, err, "StateMachineDoesNotExist")
	_, err = w.ListExecutions(t.Context(), &sfn.ListExecutionsInput{StateMachineArn: aws.String(arns + "stateMachine:m"), StatusFilter: "GONE"})
	want(t, err, "ValidationException", "statusFilter")
}

// indexed waits until the index shows that so many executions have ended.
func (w *world) indexed(machine string, n int) {
	w.t.Helper()
	for {
		list, err := w.index.List(w.t.Context(), playbook.Filter{Playbook: machine, Status: playbook.Succeeded})
		if err != nil {
			w.t.Fatal(err)
		}
		if len(list) == n {
			return
		}
		<-time.After(time.Millisecond)
	}
}

func TestATokenIsOfOneListOnly(t *testing.T) {
	w := newWorld(t)
	w.create("m", pass)
	first, second := w.begin("m", "one", "{}"), w.begin("m", "two", "{}")
	w.ended("m", "one")
	page, err := w.GetExecutionHistory(t.Context(), &sfn.GetExecutionHistoryInput{ExecutionArn: &first, MaxResults: 1})
	want(t, err, "")
	_, err = w.GetExecutionHistory(t.Context(), &sfn.GetExecutionHistoryInput{ExecutionArn: &second, NextToken: page.NextToken})
	want(t, err, "InvalidToken")
	_, err = w.ListExecutions(t.Context(), &sfn.ListExecutionsInput{StateMachineArn: aws.String(arns + "stateMachine:m"), NextToken: page.NextToken})
	want(t, err, "InvalidToken")
}

func TestAnUndoHasANameOfItsOwn(t *testing.T) {
	w := newWorld(t)
	w.create("act", `{"StartAt":"A","States":{"A":{"Type":"Task","Resource":"riposte:action:fake.switch-on","End":true}}}`)
	w.begin("act", "one", "{}")
	if out := w.ended("act", "one"); !strings.Contains(*out.Output, `"status":"changed"`) {
		t.Fatalf("%s", *out.Output)
	}
	undone, err := w.runtime.Undo(t.Context(), playbook.ID(playbook.StepFunctionsRule, "states:act:one"), playbook.UndoOptions{By: "ana"})
	want(t, err, "")
	view, err := w.runtime.Get(t.Context(), undone.ID)
	want(t, err, "")
	if view.Start.Named != nil {
		t.Errorf("it is called %+v", view.Start.Named)
	}
}

func TestWhatIsNoExecution(t *testing.T) {
	w := newWorld(t)
	w.create("m", pass)
	w.begin("m", "one", "{}")
	for arn, code := range map[string]string{
		arns + "execution:m:two":     "ExecutionDoesNotExist",
		arns + "execution:other:one": "ExecutionDoesNotExist",
		arns + "execution:m":         "InvalidArn",
		arns + "stateMachine:m":      "InvalidArn",
		"one":                        "InvalidArn",
		arns + "execution:m:" + playbook.ID(playbook.StepFunctionsRule, "states:m:one"): "ExecutionDoesNotExist",
		strings.Replace(arns, "us-east-1", "eu-west-1", 1) + "execution:m:one":          "ExecutionDoesNotExist",
	} {
		_, err := w.DescribeExecution(t.Context(), &sfn.DescribeExecutionInput{ExecutionArn: &arn})
		want(t, err, code)
	}
}

func TestWhatARuleStartedIsCalledByItsID(t *testing.T) {
	w := newWorld(t)
	id, _, err := w.runtime.Start(t.Context(), playbook.Start{Rule: "r", Cause: "c", Playbook: "bundled"})
	want(t, err, "")
	if _, err := w.runtime.Wait(t.Context(), id); err != nil {
		t.Fatal(err)
	}
	out, err := w.DescribeExecution(t.Context(), &sfn.DescribeExecutionInput{ExecutionArn: aws.String(arns + "execution:bundled:" + id)})
	want(t, err, "")
	if *out.Name != id || *out.StateMachineArn != arns+"stateMachine:bundled" {
		t.Errorf("%s of %s", *out.Name, *out.StateMachineArn)
	}
}

func TestWhoStartedIsInTheAuditRecord(t *testing.T) {
	w := newWorld(t)
	w.create("m", pass)
	w.begin("m", "one", "{}")
	w.ended("m", "one")
	w.indexed("m", 1)
	told := w.index.Audit()
	if len(told) == 0 || told[0].Actor != "ana" || told[0].Text != "State machine m is started in mode auto, as one." || told[0].Account != "111122223333" {
		t.Errorf("%+v", told)
	}
}

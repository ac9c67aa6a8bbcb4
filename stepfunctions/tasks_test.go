package stepfunctions_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sfn"
	"github.com/aws/aws-sdk-go-v2/service/sfn/types"
)

const asks = `{"StartAt":"T","States":{"T":{"Type":"Task","Resource":"riposte:notify.waitForTaskToken","Parameters":{"message.$":"$$.Task.Token"},"End":true}}}`

// token begins an execution whose task waits, and returns the task's token.
func (w *world) token(name string) string {
	w.t.Helper()
	arn := w.begin("asks", name, "{}")
	for {
		out, err := w.GetExecutionHistory(w.t.Context(), &sfn.GetExecutionHistoryInput{ExecutionArn: &arn})
		if err != nil {
			w.t.Fatal(err)
		}
		for _, e := range out.Events {
			if d := e.TaskScheduledEventDetails; d != nil {
				var parameters struct{ Message string }
				if err := json.Unmarshal([]byte(*d.Parameters), &parameters); err != nil {
					w.t.Fatal(err)
				}
				return parameters.Message
			}
		}
	}
}

func TestWhoHasTheTokenAnswers(t *testing.T) {
	w := newWorld(t)
	w.create("asks", asks)
	token := aws.String(w.token("good"))
	_, err := w.SendTaskHeartbeat(t.Context(), &sfn.SendTaskHeartbeatInput{TaskToken: token})
	want(t, err, "")
	_, err = w.SendTaskSuccess(t.Context(), &sfn.SendTaskSuccessInput{TaskToken: token, Output: aws.String("{")})
	want(t, err, "InvalidOutput")
	_, err = w.SendTaskSuccess(t.Context(), &sfn.SendTaskSuccessInput{TaskToken: token, Output: aws.String(`{"a":1}`)})
	want(t, err, "")
	if out := w.ended("asks", "good"); out.Status != types.ExecutionStatusSucceeded || *out.Output != `{"a":1}` {
		t.Errorf("%s %v", out.Status, out.Output)
	}
	_, err = w.SendTaskHeartbeat(t.Context(), &sfn.SendTaskHeartbeatInput{TaskToken: token})
	want(t, err, "TaskTimedOut")

	_, err = w.SendTaskFailure(t.Context(), &sfn.SendTaskFailureInput{TaskToken: aws.String(w.token("bad")), Error: aws.String("Refused"), Cause: aws.String("no")})
	want(t, err, "")
	if out := w.ended("asks", "bad"); out.Status != types.ExecutionStatusFailed || *out.Error != "Refused" || *out.Cause != "no" {
		t.Errorf("%+v", out)
	}
	for bad, code := range map[string]string{"made up": "InvalidToken", strings.Repeat("0", 20) + ".1": "TaskDoesNotExist", strings.Repeat("0", 3000): "ValidationException"} {
		_, err = w.SendTaskFailure(t.Context(), &sfn.SendTaskFailureInput{TaskToken: &bad})
		want(t, err, code)
	}
}

package stepfunctions_test

import (
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sfn"
	"github.com/aws/aws-sdk-go-v2/service/sfn/types"
)

func TestASynchronousExecution(t *testing.T) {
	w := newWorld(t)
	start := func(name, input string) (*sfn.StartSyncExecutionOutput, error) {
		return w.StartSyncExecution(t.Context(),
			&sfn.StartSyncExecutionInput{StateMachineArn: aws.String(arns + "stateMachine:" + name), Input: &input})
	}
	for name, definition := range map[string]string{"good": pass, "bad": `{"StartAt":"F","States":{"F":{"Type":"Fail","Error":"Broken"}}}`, "slow": waits} {
		_, err := w.CreateStateMachine(t.Context(), &sfn.CreateStateMachineInput{Name: &name, Definition: &definition, RoleArn: aws.String(role), Type: types.StateMachineTypeExpress})
		want(t, err, "")
	}
	out, err := start("good", `{"a":1}`)
	want(t, err, "")
	if out.Status != types.SyncExecutionStatusSucceeded || *out.Output != `{"a":1}` {
		t.Errorf("%+v", out)
	}
	out, err = start("bad", "{}")
	want(t, err, "")
	if out.Status != types.SyncExecutionStatusFailed || *out.Error != "Broken" {
		t.Errorf("%+v", out)
	}
	w.handler.SyncFor(20 * time.Millisecond)
	out, err = start("slow", "{}")
	want(t, err, "")
	if out.Status != types.SyncExecutionStatusTimedOut || *out.Error != "States.Timeout" {
		t.Errorf("%+v", out)
	}
	w.create("standard", pass)
	_, err = start("standard", "{}")
	want(t, err, "StateMachineTypeNotSupported")
}

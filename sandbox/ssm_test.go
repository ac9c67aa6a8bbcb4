package sandbox_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	"github.com/aws/aws-sdk-go-v2/service/ssm/types"

	"riposte.dev/sandbox"
)

func TestCommands(t *testing.T) {
	w, ctx := newWorld(t, sandbox.Options{}), t.Context()
	client := ssm.NewFromConfig(w.config(w.root, "us-east-1"))
	in := &ssm.SendCommandInput{
		DocumentName: aws.String("AWS-RunShellScript"), InstanceIds: []string{"i-0123456789abcdef0"}, Parameters: map[string][]string{"commands": {"s3cret"}},
	}
	sent, err := client.SendCommand(ctx, in)
	if err != nil || sent.Command.Status != types.CommandStatusSuccess || sent.Command.Parameters["commands"][0] != "s3cret" {
		t.Fatalf("%+v, %v", sent, err)
	}
	byTag, err := client.SendCommand(ctx, &ssm.SendCommandInput{DocumentName: aws.String("mine"), Targets: []types.Target{{Key: aws.String("tag:x"), Values: []string{"y"}}}})
	if err != nil || *byTag.Command.Targets[0].Key != "tag:x" {
		t.Fatalf("%+v, %v", byTag, err)
	}
	_, err = client.SendCommand(ctx, &ssm.SendCommandInput{DocumentName: aws.String("mine")})
	wantCode(t, err, "ValidationException")
	for name, tc := range map[string]struct {
		in   ssm.ListCommandsInput
		want int
	}{
		"all":         {ssm.ListCommandsInput{}, 2},
		"an id":       {ssm.ListCommandsInput{CommandId: sent.Command.CommandId}, 1},
		"an instance": {ssm.ListCommandsInput{InstanceId: aws.String("i-0123456789abcdef0")}, 1},
		"a document":  {ssm.ListCommandsInput{Filters: []types.CommandFilter{{Key: types.CommandFilterKeyDocumentName, Value: aws.String("other")}}}, 0},
	} {
		if out, err := client.ListCommands(ctx, &tc.in); err != nil || len(out.Commands) != tc.want {
			t.Errorf("%s: %+v, %v", name, out, err)
		}
	}
	_, err = client.ListCommands(ctx, &ssm.ListCommandsInput{CommandId: aws.String("01234567-0123-0123-0123-0123456789ab")})
	wantCode(t, err, "InvalidCommandId")
	if text, err := json.Marshal(w.delivered(1)[0]); err != nil || strings.Contains(string(text), "s3cret") || !strings.Contains(string(text), "SendCommand") {
		t.Errorf("the record is %s, %v", text, err)
	}
	document, instance := "arn:aws:ssm:us-east-1::document/AWS-RunShellScript", "arn:aws:ec2:us-east-1:111122223333:instance/i-0123456789abcdef0"
	for name, keys := range map[string]sandbox.Keys{
		"the document only": w.user("a", allow("ssm:SendCommand", document)), "the instance only": w.user("b", allow("ssm:SendCommand", instance)),
	} {
		t.Run(name, func(t *testing.T) {
			_, err := ssm.NewFromConfig(w.config(keys, "us-east-1")).SendCommand(ctx, in)
			wantCode(t, err, "AccessDeniedException")
		})
	}
	both := w.user("c", allow("ssm:SendCommand", document), allow("ssm:SendCommand", instance))
	if _, err := ssm.NewFromConfig(w.config(both, "us-east-1")).SendCommand(ctx, in); err != nil {
		t.Errorf("with both: %v", err)
	}
}

func TestAutomations(t *testing.T) {
	w, ctx := newWorld(t, sandbox.Options{}), t.Context()
	client := ssm.NewFromConfig(w.config(w.root, "us-east-1"))
	in := &ssm.StartAutomationExecutionInput{
		DocumentName: aws.String("AWS-StopEC2Instance"), ClientToken: aws.String("01234567-0123-0123-0123-0123456789ab"), Parameters: map[string][]string{"InstanceId": {"i-1"}},
	}
	first, err := client.StartAutomationExecution(ctx, in)
	if err != nil {
		t.Fatal(err)
	}
	if again, err := client.StartAutomationExecution(ctx, in); err != nil || *again.AutomationExecutionId != *first.AutomationExecutionId {
		t.Errorf("the same again: %+v, %v", again, err)
	}
	in.DocumentName = aws.String("AWS-StartEC2Instance")
	_, err = client.StartAutomationExecution(ctx, in)
	wantCode(t, err, "IdempotentParameterMismatch")
	got, err := client.GetAutomationExecution(ctx, &ssm.GetAutomationExecutionInput{AutomationExecutionId: first.AutomationExecutionId})
	if err != nil || got.AutomationExecution.AutomationExecutionStatus != types.AutomationExecutionStatusSuccess || got.AutomationExecution.Parameters["InstanceId"][0] != "i-1" {
		t.Errorf("%+v, %v", got, err)
	}
	_, err = client.GetAutomationExecution(ctx, &ssm.GetAutomationExecutionInput{AutomationExecutionId: in.ClientToken})
	wantCode(t, err, "AutomationExecutionNotFoundException")
	role := "arn:aws:iam::111122223333:role/runs"
	weak := ssm.NewFromConfig(w.config(w.user("weak", allow("ssm:*", "*")), "us-east-1"))
	_, err = weak.StartAutomationExecution(ctx, &ssm.StartAutomationExecutionInput{DocumentName: aws.String("x-doc"), Parameters: map[string][]string{"AutomationAssumeRole": {role}}})
	wantCode(t, err, "AccessDeniedException")
}

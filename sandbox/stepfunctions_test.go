package sandbox_test

import (
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sfn"
	"github.com/aws/aws-sdk-go-v2/service/sfn/types"

	"riposte.dev/sandbox"
)

const trustStates = `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Principal":{"Service":"states.amazonaws.com"},"Action":"sts:AssumeRole"}}`

func TestStateMachines(t *testing.T) {
	w, ctx := newWorld(t, sandbox.Options{}), t.Context()
	client := sfn.NewFromConfig(w.config(w.root, "us-east-1"))
	role, err := w.account.CreateRole("sfn", trustStates)
	if err != nil {
		t.Fatal(err)
	}
	in := sfn.CreateStateMachineInput{Name: aws.String("m"), RoleArn: &role, Definition: aws.String(`{"StartAt":"A","States":{"A":{"Type":"Succeed"}}}`)}
	made, err := client.CreateStateMachine(ctx, &in)
	if err != nil || *made.StateMachineArn != "arn:aws:states:us-east-1:111122223333:stateMachine:m" {
		t.Fatalf("%+v, %v", made, err)
	}
	if again, err := client.CreateStateMachine(ctx, &in); err != nil || !again.CreationDate.Equal(*made.CreationDate) {
		t.Errorf("the same again: %+v, %v", again, err)
	}
	for code, change := range map[string]func(*sfn.CreateStateMachineInput){
		"StateMachineAlreadyExists": func(in *sfn.CreateStateMachineInput) { in.Type = types.StateMachineTypeExpress },
		"InvalidName":               func(in *sfn.CreateStateMachineInput) { in.Name = aws.String("a b") },
		"InvalidDefinition":         func(in *sfn.CreateStateMachineInput) { in.Definition = aws.String(`{"StartAt":"B","States":{}}`) },
		"AccessDeniedException":     func(in *sfn.CreateStateMachineInput) { in.RoleArn = aws.String("arn:aws:iam::111122223333:role/none") },
	} {
		bad := in
		change(&bad)
		_, err := client.CreateStateMachine(ctx, &bad)
		wantCode(t, err, code)
	}
	got, err := client.DescribeStateMachine(ctx, &sfn.DescribeStateMachineInput{StateMachineArn: made.StateMachineArn})
	if err != nil || *got.Definition != *in.Definition || got.Type != types.StateMachineTypeStandard {
		t.Errorf("%+v, %v", got, err)
	}
	listed, err := client.ListStateMachines(ctx, nil)
	if err != nil || len(listed.StateMachines) != 1 {
		t.Errorf("%+v, %v", listed, err)
	}
	if _, err := client.DeleteStateMachine(ctx, &sfn.DeleteStateMachineInput{StateMachineArn: made.StateMachineArn}); err != nil {
		t.Fatal(err)
	}
	_, err = client.DescribeStateMachine(ctx, &sfn.DescribeStateMachineInput{StateMachineArn: made.StateMachineArn})
	wantCode(t, err, "StateMachineDoesNotExist")
	_, err = client.DescribeStateMachine(ctx, &sfn.DescribeStateMachineInput{StateMachineArn: aws.String("m")})
	wantCode(t, err, "InvalidArn")
}

func TestExecutions(t *testing.T) {
	w, ctx := newWorld(t, sandbox.Options{}), t.Context()
	client := sfn.NewFromConfig(w.config(w.root, "us-east-1"))
	role, err := w.account.CreateRole("sfn", trustStates)
	if err != nil {
		t.Fatal(err)
	}
	m, err := client.CreateStateMachine(ctx, &sfn.CreateStateMachineInput{Name: aws.String("m"), RoleArn: &role, Definition: aws.String(`{"StartAt":"A","States":{"A":{"Type":"Succeed"}}}`)})
	if err != nil {
		t.Fatal(err)
	}
	start := func(name, input string) (*sfn.StartExecutionOutput, error) {
		return client.StartExecution(ctx, &sfn.StartExecutionInput{StateMachineArn: m.StateMachineArn, Name: &name, Input: &input})
	}
	first, err := start("one", `{"n":1}`)
	if err != nil || *first.ExecutionArn != "arn:aws:states:us-east-1:111122223333:execution:m:one" {
		t.Fatalf("%+v, %v", first, err)
	}
	if again, err := start("one", `{"n":1}`); err != nil || *again.ExecutionArn != *first.ExecutionArn {
		t.Errorf("the same again: %+v, %v", again, err)
	}
	_, err = start("one", `{"n":2}`)
	wantCode(t, err, "ExecutionAlreadyExists")
	_, err = start("two", `{`)
	wantCode(t, err, "InvalidExecutionInput")
	if _, err := start("two", `{}`); err != nil {
		t.Fatal(err)
	}
	got, err := client.DescribeExecution(ctx, &sfn.DescribeExecutionInput{ExecutionArn: first.ExecutionArn})
	if err != nil || got.Status != types.ExecutionStatusSucceeded || *got.Output != `{"n":1}` {
		t.Errorf("%+v, %v", got, err)
	}
	listed, err := client.ListExecutions(ctx, &sfn.ListExecutionsInput{StateMachineArn: m.StateMachineArn})
	if err != nil || len(listed.Executions) != 2 || *listed.Executions[0].Name != "two" {
		t.Errorf("%+v, %v", listed, err)
	}
	_, err = client.DescribeExecution(ctx, &sfn.DescribeExecutionInput{ExecutionArn: aws.String(*first.ExecutionArn + "x")})
	wantCode(t, err, "ExecutionDoesNotExist")
}

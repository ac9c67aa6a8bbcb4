package app

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"riposte.dev/asl"
	"riposte.dev/iam"
	"riposte.dev/playbook"
)

func TestWhatCallsNeed(t *testing.T) {
	m, err := asl.Parse("calls.yaml", []byte(`
StartAt: A
States:
  A: {Type: Task, Resource: "arn:aws:lambda:eu-west-1:111122223333:function:f", Next: B}
  B: {Type: Task, Resource: "arn:aws:states:::sns:publish.waitForTaskToken", Parameters: {TopicArn: "arn:aws:sns:eu-west-1:111122223333:t", Message.$: $$.Task.Token}, Next: C}
  C: {Type: Task, Resource: "arn:aws:states:::aws-sdk:s3:headBucket", Parameters: {Bucket.$: $.bucket}, Next: D}
  D: {Type: Task, Resource: "arn:aws:states:::aws-sdk:ec2:stopInstances", Credentials: {RoleArn: "arn:aws:iam::444455556666:role/respond"}, Parameters: {InstanceIds.$: $.ids}, Next: E}
  E: {Type: Task, Resource: "arn:aws:states:::states:startExecution.sync", Parameters: {StateMachineArn: "arn:aws:states:eu-west-1:111122223333:stateMachine:m"}, Next: F}
  F: {Type: Task, Resource: "riposte:approval", Parameters: {text: "May it?"}, Next: G}
  G:
    Type: Map
    ItemReader: {Resource: "arn:aws:states:::s3:getObject", ReaderConfig: {InputType: JSON}, Parameters: {Bucket: b, Key: k}}
    ItemProcessor:
      ProcessorConfig: {Mode: DISTRIBUTED, ExecutionType: STANDARD}
      StartAt: H
      States: {H: {Type: Task, Resource: "arn:aws:states:::http:invoke", End: true}}
    ResultWriter: {Resource: "arn:aws:states:::s3:putObject", Parameters: {Bucket: b}}
    End: true
`))
	if err != nil {
		t.Fatal(err)
	}
	actions, err := Actions()
	if err != nil {
		t.Fatal(err)
	}
	if err := playbook.Check(m, actions, Resources()); err != nil {
		t.Error(err)
	}
	var got []iam.Need
	for _, s := range m.All() {
		needs, err := needsOf(s, Resources())
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, needs...)
	}
	of := func(resource string, actions ...string) iam.Need {
		n := iam.Need{Actions: actions, Why: "calls of playbooks"}
		if resource != "" {
			n.Resources = []string{resource}
		}
		return n
	}
	want := []iam.Need{
		of("arn:aws:lambda:eu-west-1:111122223333:function:f", "lambda:InvokeFunction"),
		of("arn:aws:sns:eu-west-1:111122223333:t", "sns:Publish"),
		of("", "s3:ListBucket"),
		of("arn:aws:iam::444455556666:role/respond", "sts:AssumeRole"),
		of("", "states:DescribeExecution", "states:DescribeStateMachine"),
		of("arn:aws:states:eu-west-1:111122223333:stateMachine:m", "states:StartExecution"),
		of("", "s3:GetObject", "s3:ListBucket"),
		of("", "s3:PutObject"),
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("(-want +got)\n%s", d)
	}
}

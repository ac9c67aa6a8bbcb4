package stepfunctions_test

import (
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sfn"
	"github.com/aws/aws-sdk-go-v2/service/sfn/types"

	"riposte.dev/stepfunctions"
)

func TestStateMachinesAreCreatedOnce(t *testing.T) {
	w := newWorld(t)
	create := func(name, definition, role string, kind types.StateMachineType) error {
		_, err := w.CreateStateMachine(t.Context(), &sfn.CreateStateMachineInput{Name: &name, Definition: &definition, RoleArn: &role, Type: kind,
			Tags: []types.Tag{{Key: aws.String("b"), Value: aws.String("2")}, {Key: aws.String("a"), Value: aws.String("1")}}})
		return err
	}
	want(t, create("m", pass, role, ""), "")
	want(t, create("m", pass, role+"2", "STANDARD"), "") // as in AWS: role and tags don't tell machines apart
	want(t, create("m", waits, role, ""), "StateMachineAlreadyExists")
	want(t, create("m", pass, role, "EXPRESS"), "StateMachineAlreadyExists")
	want(t, create("bundled", pass, role, ""), "StateMachineAlreadyExists", "configuration")
	want(t, create("m*", pass, role, ""), "InvalidName")
	want(t, create("n", pass, "any", ""), "InvalidArn")
	want(t, create("n", pass, role, "FAST"), "StateMachineTypeNotSupported")
	want(t, create("n", "{", role, ""), "InvalidDefinition", "INVALID_JSON_DESCRIPTION: 1:1")
	want(t, create("n", `{"StartAt":"A","States":{"A":{"Type":"Pass","Next":"Gone"},"B":{"Type":"Task","Resource":"riposte:action:fake.switch-of","End":true}}}`, role, ""),
		"InvalidDefinition", "/States/A/Next", "Gone")
	want(t, create("n", `{"StartAt":"B","States":{"B":{"Type":"Task","Resource":"riposte:action:fake.switch-of","End":true}}}`, role, ""),
		"InvalidDefinition", "RESOURCE_NOT_SUPPORTED", "fake.switch-of", "/States/B/Resource")
	tags, err := w.ListTagsForResource(t.Context(), &sfn.ListTagsForResourceInput{ResourceArn: aws.String(arns + "stateMachine:m")})
	want(t, err, "")
	if len(tags.Tags) != 2 || *tags.Tags[0].Key != "a" || *tags.Tags[1].Value != "2" {
		t.Errorf("%+v", tags.Tags)
	}
	_, err = w.ListTagsForResource(t.Context(), &sfn.ListTagsForResourceInput{ResourceArn: aws.String(arns + "stateMachine:none")})
	want(t, err, "ResourceNotFound")
}

func TestWhatOperationsNeed(t *testing.T) {
	w := newWorld(t)
	for need, operations := range map[stepfunctions.Need]string{
		stepfunctions.ToRead: "DescribeStateMachine ListStateMachines DescribeStateMachineForExecution ListTagsForResource ValidateStateMachineDefinition " +
			"DescribeExecution ListExecutions GetExecutionHistory Unknown",
		stepfunctions.ToRespond: "StartExecution StartSyncExecution StopExecution RedriveExecution SendTaskSuccess SendTaskFailure SendTaskHeartbeat",
		stepfunctions.ToChange:  "CreateStateMachine UpdateStateMachine DeleteStateMachine TestState",
	} {
		for operation := range strings.FieldsSeq(operations) {
			if got := w.handler.Need(stepfunctions.Prefix + operation); got != need {
				t.Errorf("%s needs %s, want %s", operation, got, need)
			}
		}
	}
}

func TestSettingsThatRiposteHasNot(t *testing.T) {
	w := newWorld(t)
	for code, in := range map[string]sfn.CreateStateMachineInput{
		"ValidationException":         {Publish: true},
		"InvalidLoggingConfiguration": {LoggingConfiguration: &types.LoggingConfiguration{Level: types.LogLevelAll}},
		"InvalidTracingConfiguration": {TracingConfiguration: &types.TracingConfiguration{Enabled: true}},
		"InvalidEncryptionConfiguration": {EncryptionConfiguration: &types.EncryptionConfiguration{Type: types.EncryptionTypeCustomerManagedKmsKey,
			KmsKeyId: aws.String("k")}},
	} {
		in.Name, in.Definition, in.RoleArn = aws.String("m"), aws.String(pass), aws.String(role)
		_, err := w.CreateStateMachine(t.Context(), &in)
		want(t, err, code)
	}
}

func TestStateMachinesChange(t *testing.T) {
	w := newWorld(t)
	w.create("m", waits)
	arn := aws.String(arns + "stateMachine:m")
	running := w.begin("m", "before", "{}")
	changed, err := w.UpdateStateMachine(t.Context(), &sfn.UpdateStateMachineInput{StateMachineArn: arn, Definition: aws.String(pass)})
	want(t, err, "")
	_, err = w.UpdateStateMachine(t.Context(), &sfn.UpdateStateMachineInput{StateMachineArn: arn, Definition: aws.String(`{}`)})
	want(t, err, "InvalidDefinition")
	_, err = w.UpdateStateMachine(t.Context(), &sfn.UpdateStateMachineInput{StateMachineArn: arn})
	want(t, err, "MissingRequiredParameter")
	now, err := w.DescribeStateMachine(t.Context(), &sfn.DescribeStateMachineInput{StateMachineArn: arn})
	want(t, err, "")
	if *now.Definition != pass || *now.RoleArn != role || *now.RevisionId != *changed.RevisionId || now.Status != types.StateMachineStatusActive {
		t.Errorf("%+v", now)
	}
	of, err := w.DescribeStateMachineForExecution(t.Context(), &sfn.DescribeStateMachineForExecutionInput{ExecutionArn: &running})
	want(t, err, "")
	if *of.Definition != waits || *of.RevisionId == *changed.RevisionId {
		t.Errorf("the execution has changed: %s", *of.Definition)
	}
	for range 2 {
		_, err = w.DeleteStateMachine(t.Context(), &sfn.DeleteStateMachineInput{StateMachineArn: arn})
		want(t, err, "")
	}
	_, err = w.StartExecution(t.Context(), &sfn.StartExecutionInput{StateMachineArn: arn})
	want(t, err, "StateMachineDoesNotExist")
	out, err := w.DescribeExecution(t.Context(), &sfn.DescribeExecutionInput{ExecutionArn: &running})
	want(t, err, "")
	if out.Status != types.ExecutionStatusRunning {
		t.Errorf("what was under way is %s", out.Status)
	}
}

func TestPlaybooksAreStateMachines(t *testing.T) {
	w := newWorld(t)
	w.create("aaa", pass)
	w.create("zzz", pass)
	var names []string
	pages := sfn.NewListStateMachinesPaginator(w.Client, &sfn.ListStateMachinesInput{MaxResults: 2})
	for pages.HasMorePages() {
		page, err := pages.NextPage(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range page.StateMachines {
			names = append(names, *m.Name)
		}
	}
	if strings.Join(names, " ") != "aaa bundled zzz" {
		t.Error(names)
	}
	arn := aws.String(arns + "stateMachine:bundled")
	_, err := w.UpdateStateMachine(t.Context(), &sfn.UpdateStateMachineInput{StateMachineArn: arn, Definition: aws.String(pass)})
	want(t, err, "ValidationException", "configuration")
	_, err = w.DeleteStateMachine(t.Context(), &sfn.DeleteStateMachineInput{StateMachineArn: arn})
	want(t, err, "ValidationException", "configuration")
	w.begin("bundled", "by-hand", "{}")
	if out := w.ended("bundled", "by-hand"); out.Status != types.ExecutionStatusSucceeded {
		t.Error(out.Status)
	}
}

func TestADefinitionIsValidated(t *testing.T) {
	w := newWorld(t)
	good, err := w.ValidateStateMachineDefinition(t.Context(), &sfn.ValidateStateMachineDefinitionInput{Definition: aws.String(pass)})
	want(t, err, "")
	if good.Result != types.ValidateStateMachineDefinitionResultCodeOk || len(good.Diagnostics) != 0 {
		t.Errorf("%+v", good)
	}
	const wrong = `{"StartAt":"A","States":{
		"A":{"Type":"Pass","Next":"a/b"},
		"a/b":{"Type":"Wait","Seconds":-1,"End":true},
		"C":{"Type":"Pass"}}}`
	bad, err := w.ValidateStateMachineDefinition(t.Context(), &sfn.ValidateStateMachineDefinitionInput{Definition: aws.String(wrong)})
	want(t, err, "")
	var places []string
	for _, d := range bad.Diagnostics {
		places = append(places, *d.Location)
		if d.Severity != types.ValidateStateMachineDefinitionSeverityError || *d.Code != "SCHEMA_VALIDATION_FAILED" || *d.Message == "" {
			t.Errorf("%+v", d)
		}
	}
	all := strings.Join(places, " ")
	if bad.Result != types.ValidateStateMachineDefinitionResultCodeFail || !strings.Contains(all, "/States/a~1b/Seconds") || !strings.Contains(all, "/States/C") {
		t.Errorf("%s %v", bad.Result, places)
	}
	few, err := w.ValidateStateMachineDefinition(t.Context(), &sfn.ValidateStateMachineDefinitionInput{Definition: aws.String(wrong), MaxResults: 1})
	want(t, err, "")
	if len(few.Diagnostics) != 1 || !*few.Truncated {
		t.Errorf("%+v", few)
	}
}

package integration_test

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"riposte.dev/action"
	"riposte.dev/fault"
	"riposte.dev/integration"
	"riposte.dev/playbook"
	"riposte.dev/sandbox"
)

// name is an error's name as Retry and Catch see it.
func name(err error) string {
	var e *integration.Error
	if errors.As(err, &e) {
		return e.Name
	}
	if err != nil {
		return "fault " + string(fault.CodeOf(err))
	}
	return ""
}

func TestCallsOfTheSDK(t *testing.T) {
	w := newWorld(t)
	w.must(states+"aws-sdk:s3:createBucket", `{"Bucket":"evidence","CreateBucketConfiguration":{"LocationConstraint":"eu-west-1"}}`)
	w.must(states+"aws-sdk:s3:putObject", `{"Bucket":"evidence","Key":"case.json","Body":{"instance":"i-0abc"},"ContentType":"application/json","sseKmsKeyId":null}`)
	got := w.must(states+"aws-sdk:s3:getObject", `{"Bucket":"evidence","Key":"case.json"}`)
	var object struct{ Body, ETag, LastModified string }
	if err := json.Unmarshal([]byte(got), &object); err != nil || object.Body != `{"instance":"i-0abc"}` || object.ETag == "" || !strings.HasSuffix(object.LastModified, "Z") {
		t.Errorf("%v: %s", err, got)
	}
	same(t, without(t, w.must(states+"aws-sdk:sts:getCallerIdentity", `{}`), "UserId"), `{"Account":"111122223333","Arn":"arn:aws:iam::111122223333:root"}`)
	// A list in the input, a nested list in the output, in any partition.
	out := w.must("arn:aws-cn:states:::aws-sdk:ec2:describeVpcs", `{"Filters":[{"Name":"is-default","Values":["true"]}]}`)
	var vpcs struct {
		Vpcs []struct {
			CidrBlock string
			IsDefault bool
		}
	}
	if err := json.Unmarshal([]byte(out), &vpcs); err != nil || len(vpcs.Vpcs) != 1 || !vpcs.Vpcs[0].IsDefault || vpcs.Vpcs[0].CidrBlock == "" {
		t.Errorf("%v: %s", err, out)
	}
}

func TestErrorsOfTheSDK(t *testing.T) {
	w := newWorld(t)
	w.must(states+"aws-sdk:s3:createBucket", `{"Bucket":"evidence","CreateBucketConfiguration":{"LocationConstraint":"eu-west-1"}}`)
	for _, tt := range []struct{ resource, arguments, name, says string }{
		{"aws-sdk:s3:getObject", `{"Bucket":"evidence","Key":"x"}`, "S3.NoSuchKeyException", "Status Code: 404"},
		{"aws-sdk:s3:getBucketPolicy", `{"Bucket":"evidence"}`, "S3.S3Exception", "NoSuchBucketPolicy"},
		{"aws-sdk:ec2:describeInstances", `{"InstanceIds":["i-0123456789abcdef0"]}`, "Ec2.Ec2Exception", "InvalidInstanceID.NotFound"},
		{"aws-sdk:iam:getRole", `{"RoleName":"x"}`, "Iam.NoSuchEntityException", "Service: Iam"},
		{"aws-sdk:cloudtrail:stopLogging", `{"Name":"gone"}`, "CloudTrail.TrailNotFoundException", ""},
		{"aws-sdk:sqs:getQueueUrl", `{"QueueName":"x"}`, "Sqs.QueueDoesNotExistException", ""},
		{"lambda:invoke", `{"FunctionName":"x"}`, "Lambda.ResourceNotFoundException", ""},
		{"aws-sdk:ec2:describeInstances", `{"InstanceIds":"i-1","Filter":[],"MaxResults":"5","DryRun":1}`, "fault invalid", "InstanceIds: it must be a list"},
		{"aws-sdk:ec2:describeInstances", `{"InstanceIds":"i-1","Filter":[],"MaxResults":"5","DryRun":1}`, "fault invalid", "Filter: there is no such parameter; there are DryRun, Filters"},
		{"aws-sdk:ec2:describeInstances", `[]`, "fault invalid", "must be an object"},
	} {
		_, err := w.do(states+tt.resource, tt.arguments)
		if name(err) != tt.name || !strings.Contains(err.Error(), tt.says) {
			t.Errorf("%s %s: %s: %v", tt.resource, tt.arguments, name(err), err)
		}
	}
	keys, err := w.own.CreateUser("nobody", `{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Action":"*","Resource":"*"}]}`)
	if err != nil {
		t.Fatal(err)
	}
	w.set = w.as(keys)
	if _, err := w.do(states+"aws-sdk:ec2:describeVpcs", `{}`); name(err) != "Ec2.Ec2Exception" || !strings.Contains(err.Error(), "UnauthorizedOperation") {
		t.Errorf("denied: %v", err)
	}
}

func TestResourcesThatThereAreNot(t *testing.T) {
	set := integration.New(integration.Options{})
	for _, tt := range []struct{ name, says, hint string }{
		{"arn:aws:states:::aws-sdk:ec2:describeInstance", `no API action "describeInstance"`, "describeInstances"},
		{"arn:aws:states:::aws-sdk:ec2:DescribeInstances", "no API action", "describeInstances"},
		{"arn:aws:states:::aws-sdk:ec3:describeInstances", `service "ec3"`, "ec2"},
		{"arn:aws:states:::aws-sdk:ec2:", "no API action", ""},
		{"arn:aws:states:::aws-sdk:sts:assumeRole", "credentials", "RoleArn"},
		{"arn:aws:states:::aws-sdk:iam:createAccessKey", "credentials", "RoleArn"},
		{"arn:aws:states:::aws-sdk:cloudwatchlogs:startLiveTail", "no API action", ""},
		{"arn:aws:states:::aws-sdk:ec2:options", "no API action", ""},
		{"arn:aws:states:::lambda:invoke.sync", "has no sync", ".waitForTaskToken"},
		{"arn:aws:states:::sns:publish.sync", "has no sync", ".waitForTaskToken"},
		{"arn:aws:states:::http:invoke.waitForTaskToken", "has no waitForTaskToken", "nothing"},
		{"arn:aws:states:::batch:submitJob.sync", "no resource arn:aws:states:::batch:submitJob", "sns:publish"},
		{"arn:aws:lambda:eu-west-1:111122223333:layer:f", "no resource", "arn:aws:states:::SERVICE:API"},
		{"riposte:nothing", "no resource", "riposte:notify"},
	} {
		_, err := set.Resource(tt.name)
		if fault.CodeOf(err) != fault.NotFound || !strings.Contains(err.Error(), tt.says) || !strings.Contains(fault.Hint(err), tt.hint) {
			t.Errorf("%s: %v (%s)", tt.name, err, fault.Hint(err))
		}
	}
	for name, waits := range map[string]playbook.Waits{
		states + "lambda:invoke":                                       playbook.NotAtAll,
		functionARN + ":live":                                          playbook.NotAtAll,
		states + "states:startExecution.sync":                          playbook.UntilOver,
		states + "states:startExecution.sync:2":                        playbook.UntilOver,
		states + "sqs:sendMessage.waitForTaskToken":                    playbook.UntilSignal,
		states + "aws-sdk:ssm:sendCommand.waitForTaskToken":            playbook.UntilSignal,
		"arn:aws-us-gov:states:::aws-sdk:ssm:startAutomationExecution": playbook.NotAtAll,
	} {
		if r, err := set.Resource(name); err != nil || r.Waits() != waits || !r.Spec().Foreign {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// What a call names is what the guard is asked about.
func TestWhatACallNames(t *testing.T) {
	w := newWorld(t)
	w.must(states+"aws-sdk:iam:createRole", `{"RoleName":"boss","Path":"/team/","AssumeRolePolicyDocument":`+quoted(trusting("ec2.amazonaws.com"))+`}`)
	ec2 := "arn:aws:ec2:" + region + ":" + account + ":"
	for _, tt := range []struct {
		resource, arguments string
		want                []string
	}{
		{"aws-sdk:ec2:terminateInstances", `{"InstanceIds":["i-0123456789abcdef0","i-0123456789abcdef1"]}`, []string{ec2 + "instance/i-0123456789abcdef0", ec2 + "instance/i-0123456789abcdef1"}},
		{"aws-sdk:ec2:modifyInstanceAttribute", `{"InstanceId":"i-0123456789abcdef0","Groups":["sg-0123456789abcdef0"]}`, []string{ec2 + "security-group/sg-0123456789abcdef0", ec2 + "instance/i-0123456789abcdef0"}},
		{"aws-sdk:ec2:describeInstances", `{}`, []string{"reads"}},
		{"aws-sdk:ec2:createVpc", `{"CidrBlock":"10.0.0.0/16"}`, []string{"?" + ec2 + "*"}},
		{"aws-sdk:s3:putObject", `{"Bucket":"evidence","Key":"k","Body":"arn:aws:s3:::another"}`, []string{"arn:aws:s3:::evidence"}},
		{"aws-sdk:s3:headBucket", `{"Bucket":"evidence"}`, []string{"reads"}},
		{"aws-sdk:iam:deleteRole", `{"RoleName":"boss"}`, []string{"arn:aws:iam::111122223333:role/team/boss"}},
		{"aws-sdk:iam:deleteRole", `{"RoleName":"nobody"}`, []string{"?arn:aws:iam::111122223333:role/nobody"}},
		{"aws-sdk:iam:attachRolePolicy", `{"RoleName":"boss","PolicyArn":"arn:aws:iam::aws:policy/AWSDenyAll"}`, []string{"arn:aws:iam::aws:policy/AWSDenyAll", "arn:aws:iam::111122223333:role/team/boss"}},
		{"aws-sdk:cloudtrail:stopLogging", `{"Name":"main"}`, []string{"arn:aws:cloudtrail:eu-west-1:111122223333:trail/main"}},
		{"aws-sdk:ssm:sendCommand", `{"DocumentName":"AWS-RunShellScript","InstanceIds":["i-0123456789abcdef0"]}`,
			[]string{ec2 + "instance/i-0123456789abcdef0", "arn:aws:ssm:eu-west-1:111122223333:document/AWS-RunShellScript"}},
		{"aws-sdk:ssm:sendCommand", `{"DocumentName":"AWS-RunShellScript","Targets":[{"Key":"tag:role","Values":["web"]}]}`,
			[]string{"arn:aws:ssm:eu-west-1:111122223333:document/AWS-RunShellScript", "?" + ec2 + "instance/*"}},
		{"lambda:invoke", `{"FunctionName":"enrich","Payload":{"arn":"arn:aws:s3:::x"}}`, []string{functionARN}},
		{"sns:publish", `{"TopicArn":"arn:aws:sns:us-east-1:444455556666:t","Message":"arn:aws:s3:::x"}`, []string{"arn:aws:sns:us-east-1:444455556666:t"}},
		{"sqs:sendMessage", `{"QueueUrl":"https://sqs.us-east-1.amazonaws.com/444455556666/q","MessageBody":{"a":1}}`, []string{"arn:aws:sqs:us-east-1:444455556666:q"}},
		{"events:putEvents", `{"Entries":[{"Source":"x","DetailType":"y","Detail":{}},{"Source":"x","DetailType":"y","Detail":{},"EventBusName":"b"}]}`,
			[]string{"arn:aws:events:eu-west-1:111122223333:event-bus/default", "arn:aws:events:eu-west-1:111122223333:event-bus/b"}},
		{"states:startExecution", `{"StateMachineArn":"` + machineARN + `","Input":{"arn":"arn:aws:s3:::x"}}`, []string{machineARN}},
		{"http:invoke", `{"ApiEndpoint":"https://api.example.com/hosts?x=1","Method":"POST"}`, []string{"arn:aws:states:eu-west-1:111122223333:http-endpoint/api.example.com/hosts"}},
		{"http:invoke", `{"ApiEndpoint":"https://api.example.com/hosts","Method":"GET"}`, []string{"reads"}},
	} {
		if d := cmp.Diff(tt.want, w.named(states+tt.resource, tt.arguments)); d != "" {
			t.Errorf("%s %s (-want +got)\n%s", tt.resource, tt.arguments, d)
		}
	}
}

func quoted(text string) string {
	raw, _ := json.Marshal(text)
	return string(raw)
}

// A call as another role is made in that role's account.
func TestCredentials(t *testing.T) {
	w := newWorld(t)
	role, err := w.second.CreateRole("respond", `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"`+account+`"},"Action":"sts:AssumeRole"}]}`,
		sandbox.AdministratorAccess)
	if err != nil {
		t.Fatal(err)
	}
	keys, err := w.own.CreateUser("riposte", sandbox.AdministratorAccess)
	if err != nil {
		t.Fatal(err)
	}
	w.set = w.as(keys)
	whoAmI := w.find(states + "aws-sdk:sts:getCallerIdentity")
	in := task(`{}`)
	in.Role = role
	ctx, recorder := action.Record(t.Context())
	out, err := whoAmI.Call(ctx, in)
	if err != nil || !strings.Contains(string(out), `"Account":"444455556666"`) {
		t.Errorf("%s, %v", out, err)
	}
	if n := len(recorder.Receipts()); n != 2 { // AssumeRole too
		t.Errorf("%d receipts", n)
	}
	stop := task(`{"InstanceIds":["i-0123456789abcdef0"]}`)
	stop.Role = role
	planned, err := w.find(states+"aws-sdk:ec2:stopInstances").Plan(t.Context(), stop)
	if err != nil || planned.Plan.Account != other || planned.Plan.Items[0].Resource.Account != other || planned.Plan.Items[0].Calls[0].Role != role {
		t.Errorf("%+v, %v", planned.Plan, err)
	}
	in.Role = strings.Replace(role, "respond", "nobody", 1)
	if _, err := whoAmI.Call(t.Context(), in); name(err) != "States.Permissions" {
		t.Errorf("a role that is not there: %v", err)
	}
	in.Role = "admin"
	if _, err := whoAmI.Call(t.Context(), in); fault.CodeOf(err) != fault.Invalid {
		t.Errorf("no ARN: %v", err)
	}
}

package ssm_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	ec2types "github.com/aws/aws-sdk-go-v2/service/ec2/types"
	sdk "github.com/aws/aws-sdk-go-v2/service/ssm"
	"github.com/aws/aws-sdk-go-v2/service/ssm/types"

	"riposte.dev/action"
	"riposte.dev/action/actiontest"
	"riposte.dev/action/ssm"
	"riposte.dev/fault"
)

const (
	runbook   = "AWS-DisableS3BucketPublicReadWrite"
	worksAs   = "arn:aws:iam::111122223333:role/runbooks"
	noOne     = "i-0123456789abcdef0"
	trustsSSM = `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Principal":{"Service":"ssm.amazonaws.com"},"Action":"sts:AssumeRole"}}`
)

// launch starts an instance; managed gives it the profile with which its agent reaches Systems Manager.
func (c cloud) launch(managed bool) string {
	c.T.Helper()
	client := ec2.NewFromConfig(c.Admin(actiontest.Account, actiontest.Region))
	out, err := client.RunInstances(c.T.Context(), &ec2.RunInstancesInput{
		ImageId: aws.String("ami-0123456789abcdef0"), MinCount: aws.Int32(1), MaxCount: aws.Int32(1), TagSpecifications: []ec2types.TagSpecification{{
			ResourceType: ec2types.ResourceTypeInstance, Tags: []ec2types.Tag{{Key: aws.String("team"), Value: aws.String("web")}},
		}},
	})
	c.Must(err)
	id := out.Instances[0].InstanceId
	if managed {
		_, err = client.AssociateIamInstanceProfile(c.T.Context(), &ec2.AssociateIamInstanceProfileInput{
			InstanceId: id, IamInstanceProfile: &ec2types.IamInstanceProfileSpecification{Name: aws.String("managed")},
		})
		c.Must(err)
	}
	return *id
}

// ran is what Systems Manager was asked to run.
func (c cloud) ran() string {
	c.T.Helper()
	commands, err := c.client.ListCommands(c.T.Context(), &sdk.ListCommandsInput{})
	c.Must(err)
	var all []string
	for _, run := range commands.Commands {
		all = append(all, fmt.Sprint(*run.DocumentName, run.InstanceIds, run.Parameters, *run.Comment))
	}
	automations, err := c.client.DescribeAutomationExecutions(c.T.Context(), &sdk.DescribeAutomationExecutionsInput{})
	c.Must(err)
	for _, run := range automations.AutomationExecutionMetadataList {
		one, err := c.client.GetAutomationExecution(c.T.Context(), &sdk.GetAutomationExecutionInput{AutomationExecutionId: run.AutomationExecutionId})
		c.Must(err)
		all = append(all, fmt.Sprint(*run.DocumentName, one.AutomationExecution.Parameters))
	}
	return strings.Join(all, "; ")
}

func TestRuns(t *testing.T) {
	for _, tt := range []struct {
		name            string
		newAction       actiontest.NewAction
		params, missing string // ID stands for the instance's
		ran             string
	}{
		{"a document", ssm.NewRunDocument, `{"instance_id":"ID","document":"install-agent","case":"case-1","parameters":{"version":["3"]}}`,
			`{"instance_id":"` + noOne + `","document":"install-agent","case":"case-1"}`, `install-agent[ID] map[version:[3]]riposte case-1`},
		{"patches", ssm.NewPatchInstance, `{"instance_id":"ID","case":"case-1"}`,
			`{"instance_id":"` + noOne + `","case":"case-1"}`, `AWS-RunPatchBaseline[ID] map[Operation:[Install] RebootOption:[NoReboot]]riposte case-1`},
		{"patches and a reboot", ssm.NewPatchInstance, `{"instance_id":"ID","case":"case-1","operation":"Scan","reboot":"RebootIfNeeded"}`,
			`{"instance_id":"` + noOne + `","case":"case-1"}`, `AWS-RunPatchBaseline[ID] map[Operation:[Scan] RebootOption:[RebootIfNeeded]]riposte case-1`},
		{"a runbook", ssm.NewStartAutomation,
			`{"document":"` + runbook + `","role":"` + worksAs + `","case":"case-1","parameters":{"S3BucketName":["shared-files"]}}`,
			`{"document":"none","role":"` + worksAs + `","case":"case-1"}`, runbook + `map[AutomationAssumeRole:[` + worksAs + `] S3BucketName:[shared-files]]`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var c cloud
			actiontest.Run(t, func(t *testing.T) actiontest.World {
				c = newCloud(t)
				_, err := c.Member.CreateRole("runbooks", trustsSSM)
				c.Must(err)
				return c.World(tt.newAction, strings.ReplaceAll(tt.params, "ID", c.launch(true)), tt.missing, c.ran)
			})
			c = newCloud(t)
			id := c.launch(true)
			a := c.Action(tt.newAction)
			c.Do(a, c.Item(a, actiontest.Request(strings.ReplaceAll(tt.params, "ID", id))))
			if got, want := c.ran(), strings.ReplaceAll(tt.ran, "ID", id); got != want {
				t.Errorf("ran %s\nwant %s", got, want)
			}
		})
	}
}

// The same is not run twice for a case; a failure says where to look, at once.
func TestRunsOfACase(t *testing.T) {
	c := newCloud(t)
	id := c.launch(true)
	document := c.Action(ssm.NewRunDocument)
	automation := c.Action(ssm.NewStartAutomation)
	for _, tt := range []struct {
		document, of string
		a            action.Action
	}{
		{"install-agent", `{"instance_id":"` + id + `","document":"install-agent","case":"%s"}`, document},
		{runbook, `{"document":"` + runbook + `","role":"` + worksAs + `","case":"%s"}`, automation},
	} {
		of := func(name string) action.Request { return actiontest.Request(fmt.Sprintf(tt.of, name)) }
		first := c.Item(tt.a, of("case-1"))
		c.Do(tt.a, first)
		actiontest.Want(t, c.Item(tt.a, of("case-1")), action.Unneeded, "for this case")
		c.Member.AnswerCommands(actiontest.Region, tt.document, "InProgress")
		second := c.Item(tt.a, of("case-2"))
		actiontest.Want(t, second, action.Change, "has not run")
		if _, err := tt.a.Apply(t.Context(), second); err != nil {
			t.Fatal(err)
		}
		if err := tt.a.Verify(t.Context(), second); err != action.ErrNotYet { //nolint:errorlint // it is returned as it is
			t.Errorf("under way, verify says %v", err)
		}
		actiontest.Want(t, c.Item(tt.a, of("case-2")), action.Escalated, "InProgress")
		c.Member.AnswerCommands(actiontest.Region, tt.document, "Failed")
		third := c.Item(tt.a, of("case-3"))
		if _, err := tt.a.Apply(t.Context(), third); err != nil {
			t.Fatal(err)
		}
		if err := tt.a.Verify(t.Context(), third); fault.CodeOf(err) != fault.Invalid || !strings.Contains(fault.Hint(err), "aws ssm get-") {
			t.Errorf("failed, verify says %v (%s)", err, fault.Hint(err))
		}
		if _, err := tt.a.Plan(t.Context(), of("case-3")); !strings.Contains(fault.Hint(err), "another case") {
			t.Errorf("failed, the plan says %v", err)
		}
	}
}

func TestInstancesThatCanNotBeReached(t *testing.T) {
	c := newCloud(t)
	a := c.Action(ssm.NewPatchInstance)
	item := c.Item(a, actiontest.Request(`{"instance_id":"`+c.launch(false)+`","case":"x"}`))
	actiontest.Want(t, item, action.Escalated, "does not manage it")
	if item.Resource.Tags["team"] != "web" {
		t.Errorf("%+v, want its tags", item.Resource)
	}
	id := c.launch(true)
	_, err := ec2.NewFromConfig(c.Admin(actiontest.Account, actiontest.Region)).StopInstances(t.Context(), &ec2.StopInstancesInput{InstanceIds: []string{id}})
	c.Must(err)
	actiontest.Want(t, c.Item(a, actiontest.Request(`{"instance_id":"`+id+`","case":"x"}`)), action.Escalated, "does not reach")
}

func TestWrongRuns(t *testing.T) {
	c := newCloud(t)
	id := c.launch(true)
	_, err := c.client.CreateDocument(t.Context(), &sdk.CreateDocumentInput{Name: aws.String("book"), Content: aws.String("{}"), DocumentType: types.DocumentTypeAutomation})
	c.Must(err)
	long := strings.Repeat("x", 513)
	for params, newAction := range map[string]actiontest.NewAction{
		`{"instance_id":"` + id + `","document":"book","case":"x"}`:                                                          ssm.NewRunDocument,
		`{"instance_id":"` + id + `","document":"install-agent","case":"a b"}`:                                               ssm.NewRunDocument,
		`{"instance_id":"` + id + `","document":"install agent","case":"x"}`:                                                 ssm.NewRunDocument,
		`{"instance_id":"` + id + `","document":"install-agent","case":"x","parameters":{"a":["` + long + `"]}}`:             ssm.NewRunDocument,
		`{"document":"install-agent","role":"` + worksAs + `","case":"x"}`:                                                   ssm.NewStartAutomation,
		`{"document":"` + runbook + `","role":"arn:aws:iam::444455556666:role/x","case":"x"}`:                                ssm.NewStartAutomation,
		`{"document":"` + runbook + `","role":"` + worksAs + `","case":"x","parameters":{"AutomationAssumeRole":["other"]}}`: ssm.NewStartAutomation,
	} {
		a := c.Action(newAction)
		if _, err := a.Plan(t.Context(), actiontest.Request(params)); fault.CodeOf(err) != fault.Invalid || fault.Hint(err) == "" {
			t.Errorf("%s: %v, want it refused with a hint", params, err)
		}
	}
}

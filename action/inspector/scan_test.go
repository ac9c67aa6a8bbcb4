package inspector_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	ec2types "github.com/aws/aws-sdk-go-v2/service/ec2/types"
	"github.com/aws/aws-sdk-go-v2/service/inspector2/types"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	ssmtypes "github.com/aws/aws-sdk-go-v2/service/ssm/types"

	"riposte.dev/action"
	"riposte.dev/action/actiontest"
	"riposte.dev/action/inspector"
	"riposte.dev/fault"
)

const nowhere = "i-0123456789abcdef0"

// launch starts an instance; managed gives it the profile with which its agent reaches Systems Manager.
func (c cloud) launch(managed bool, tags ...ec2types.Tag) string {
	c.T.Helper()
	in := &ec2.RunInstancesInput{ImageId: aws.String("ami-0123456789abcdef0"), MinCount: aws.Int32(1), MaxCount: aws.Int32(1)}
	if len(tags) > 0 {
		in.TagSpecifications = []ec2types.TagSpecification{{ResourceType: ec2types.ResourceTypeInstance, Tags: tags}}
	}
	out, err := c.ec2().RunInstances(c.T.Context(), in)
	c.Must(err)
	if managed {
		_, err = c.ec2().AssociateIamInstanceProfile(c.T.Context(), &ec2.AssociateIamInstanceProfileInput{
			InstanceId: out.Instances[0].InstanceId, IamInstanceProfile: &ec2types.IamInstanceProfileSpecification{Name: aws.String("managed")},
		})
		c.Must(err)
	}
	return *out.Instances[0].InstanceId
}

func (c cloud) ec2() *ec2.Client {
	return ec2.NewFromConfig(c.Admin(actiontest.Account, actiontest.Region))
}
func (c cloud) ssm() *ssm.Client {
	return ssm.NewFromConfig(c.Admin(actiontest.Account, actiontest.Region))
}

// associations are by what the instance tells of its software, and when it last did.
func (c cloud) associations(instance string) []ssmtypes.InstanceAssociationStatusInfo {
	c.T.Helper()
	out, err := c.ssm().DescribeInstanceAssociationsStatus(c.T.Context(), &ssm.DescribeInstanceAssociationsStatusInput{InstanceId: &instance})
	c.Must(err)
	return out.InstanceAssociationStatusInfos
}

// forget deletes the associations of the instance.
func (c cloud) forget(instance string) {
	c.T.Helper()
	for _, a := range c.associations(instance) {
		_, err := c.ssm().DeleteAssociation(c.T.Context(), &ssm.DeleteAssociationInput{AssociationId: a.AssociationId})
		c.Must(err)
	}
}

func scanParams(instance string, since time.Duration) string {
	return fmt.Sprintf(`{"instance_id":%q,"since":%q}`, instance, time.Now().Add(since).Format(time.RFC3339))
}

func TestStartScan(t *testing.T) {
	for _, tt := range []struct {
		name  string
		setUp func(c cloud, instance string)
	}{
		{"by Inspector's associations", func(cloud, string) {}},
		{"by one of the account's own", func(c cloud, instance string) {
			c.forget(instance)
			_, err := c.ssm().CreateAssociation(c.T.Context(), &ssm.CreateAssociationInput{
				Name: aws.String("AWS-GatherSoftwareInventory"), AssociationName: aws.String("software"),
				Targets: []ssmtypes.Target{{Key: aws.String("InstanceIds"), Values: []string{"*"}}},
			})
			c.Must(err)
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			actiontest.Run(t, func(t *testing.T) actiontest.World {
				c := newCloud(t, types.ResourceScanTypeEc2)
				id := c.launch(true)
				tt.setUp(c, id)
				return c.World(inspector.NewStartScan, scanParams(id, -time.Minute), scanParams(nowhere, 0), func() string {
					ran := ""
					for _, a := range c.associations(id) {
						ran += fmt.Sprintln(*a.AssociationName, a.ExecutionDate)
					}
					return ran
				})
			})
		})
	}
}

func TestWhatStartScanLeaves(t *testing.T) {
	c := newCloud(t, types.ResourceScanTypeEc2)
	a := c.Action(inspector.NewStartScan)
	managed, unmanaged, stopped := c.launch(true), c.launch(false), c.launch(true)
	excluded := c.launch(true, ec2types.Tag{Key: aws.String("InspectorEc2Exclusion"), Value: aws.String("")})
	_, err := c.ec2().StopInstances(t.Context(), &ec2.StopInstancesInput{InstanceIds: []string{stopped}})
	c.Must(err)
	plan := func(instance string, since time.Duration) action.Item {
		t.Helper()
		return c.Item(a, actiontest.Request(scanParams(instance, since)))
	}
	actiontest.Want(t, plan(unmanaged, time.Minute), action.Escalated, "Systems Manager does not manage it")
	actiontest.Want(t, plan(stopped, time.Minute), action.Escalated, "stopped")
	actiontest.Want(t, plan(excluded, time.Minute), action.Escalated, "InspectorEc2Exclusion")
	item := plan(managed, -time.Minute)
	actiontest.Want(t, item, action.Change, "was not listed")
	if !strings.Contains(string(item.Calls[0].Input), *c.associations(managed)[1].AssociationId) || len(item.Calls) != 1 {
		t.Errorf("the calls are %+v, want one for both associations", item.Calls)
	}
	c.Do(a, item)
	actiontest.Want(t, plan(managed, -time.Minute), action.Unneeded, "since then")
	actiontest.Want(t, plan(managed, time.Minute), action.Change, "was not listed")
	c.Member.AnswerCommands(actiontest.Region, "AWS-GatherSoftwareInventory", "Failed")
	actiontest.Want(t, plan(managed, -time.Minute), action.Change, "was not listed")
	if err := a.Verify(t.Context(), item); !errors.Is(err, action.ErrNotYet) {
		t.Errorf("an association that failed: %v, want not yet", err)
	}
	c.forget(managed)
	actiontest.Want(t, plan(managed, time.Minute), action.Escalated, "No association")
	c.disable(types.ResourceScanTypeEc2)
	actiontest.Want(t, plan(managed, time.Minute), action.Escalated, "inspector.enable")
}

func TestStartScanParams(t *testing.T) {
	c := newCloud(t, types.ResourceScanTypeEc2)
	a := c.Action(inspector.NewStartScan)
	for _, params := range []string{
		`{"instance_id":"web","since":"2024-05-01T12:00:00Z"}`, `{"instance_id":"` + nowhere + `","since":"yesterday"}`, scanParams(nowhere, time.Hour),
	} {
		if _, err := a.Plan(t.Context(), actiontest.Request(params)); fault.CodeOf(err) != fault.Invalid || fault.Hint(err) == "" {
			t.Errorf("%s: %v, want invalid with a hint", params, err)
		}
	}
}

package autoscaling_test

import (
	"fmt"
	"slices"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/autoscaling"
	"github.com/aws/aws-sdk-go-v2/service/autoscaling/types"

	"riposte.dev/action"
	"riposte.dev/action/actiontest"
	"riposte.dev/action/autoscaling"
	"riposte.dev/fault"
)

// cloud is one with a group, web, behind a load balancer.
type cloud struct {
	*actiontest.Cloud
	client *sdk.Client
}

func newCloud(t *testing.T) cloud {
	t.Helper()
	c := cloud{Cloud: actiontest.NewCloud(t)}
	c.client = sdk.NewFromConfig(c.Admin(actiontest.Account, actiontest.Region))
	c.create("web", "EC2", "arn:aws:elasticloadbalancing:eu-west-1:111122223333:targetgroup/web/0123456789abcdef")
	c.suspend("web", "AZRebalance")
	return c
}

func (c cloud) create(name, healthCheck, targets string, tags ...types.Tag) {
	c.T.Helper()
	in := &sdk.CreateAutoScalingGroupInput{AutoScalingGroupName: &name, MinSize: aws.Int32(0), MaxSize: aws.Int32(2), HealthCheckType: &healthCheck, Tags: tags}
	if targets != "" {
		in.TargetGroupARNs = []string{targets}
	}
	_, err := c.client.CreateAutoScalingGroup(c.T.Context(), in)
	c.Must(err)
}

func (c cloud) suspend(name, process string) {
	c.T.Helper()
	_, err := c.client.SuspendProcesses(c.T.Context(), &sdk.SuspendProcessesInput{AutoScalingGroupName: &name, ScalingProcesses: []string{process}})
	c.Must(err)
}

func (c cloud) judge(healthCheck string) {
	c.T.Helper()
	_, err := c.client.UpdateAutoScalingGroup(c.T.Context(), &sdk.UpdateAutoScalingGroupInput{AutoScalingGroupName: aws.String("web"), HealthCheckType: &healthCheck})
	c.Must(err)
}

func (c cloud) state() string {
	c.T.Helper()
	out, err := c.client.DescribeAutoScalingGroups(c.T.Context(), &sdk.DescribeAutoScalingGroupsInput{AutoScalingGroupNames: []string{"web"}})
	c.Must(err)
	g := out.AutoScalingGroups[0]
	suspended := []string{}
	for _, p := range g.SuspendedProcesses {
		suspended = append(suspended, *p.ProcessName)
	}
	slices.Sort(suspended)
	return fmt.Sprint(*g.HealthCheckType, suspended)
}

func (c cloud) plan(newAction actiontest.NewAction, params string) (*action.Plan, error) {
	return c.Action(newAction).Plan(c.T.Context(), actiontest.Request(params))
}

func TestConformance(t *testing.T) {
	for _, tt := range []struct {
		newAction               actiontest.NewAction
		params, missing, writes string
		interfere               func(c cloud)
	}{
		{autoscaling.NewSuspendProcesses, `{"group_name":"web","processes":["Launch","AZRebalance"]}`, `{"group_name":"none","processes":["Launch"]}`, "SuspendProcesses",
			func(c cloud) { c.suspend("web", "Terminate") }},
		{autoscaling.NewUseELBHealthChecks, `{"group_name":"web"}`, `{"group_name":"none"}`, "UpdateAutoScalingGroup",
			func(c cloud) { c.judge("EBS,ELB") }},
	} {
		t.Run(tt.writes, func(t *testing.T) {
			actiontest.Run(t, func(t *testing.T) actiontest.World {
				c := newCloud(t)
				w := c.World(tt.newAction, tt.params, tt.missing, c.state)
				w.Interfere = actiontest.On(c, tt.interfere)
				return w
			})
		})
	}
}

func TestGroupsThatAreLeft(t *testing.T) {
	c := newCloud(t)
	c.create("alone", "EC2", "")
	c.create("judged", "EBS,ELB", "arn:t")
	c.create("volumes", "EBS", "arn:t")
	c.create("nodes", "EC2", "arn:t", types.Tag{Key: aws.String("eks:nodegroup-name"), Value: aws.String("n")})
	c.suspend("alone", "Launch")
	for _, tt := range []struct {
		newAction actiontest.NewAction
		params    string
		status    action.Status
		says      string
	}{
		{autoscaling.NewUseELBHealthChecks, `{"group_name":"alone"}`, action.Unneeded, "No load balancer"},
		{autoscaling.NewUseELBHealthChecks, `{"group_name":"judged"}`, action.Unneeded, "already"},
		{autoscaling.NewUseELBHealthChecks, `{"group_name":"volumes"}`, action.Change, "finds unhealthy"},
		{autoscaling.NewUseELBHealthChecks, `{"group_name":"nodes"}`, action.Escalated, "node group"},
		{autoscaling.NewSuspendProcesses, `{"group_name":"alone","processes":["Launch"]}`, action.Unneeded, "Suspended already: Launch"},
		{autoscaling.NewSuspendProcesses, `{"group_name":"nodes","processes":["Launch"]}`, action.Change, "goes on with Launch"},
	} {
		p, err := c.plan(tt.newAction, tt.params)
		c.Must(err)
		actiontest.Want(t, p.Items[0], tt.status, tt.says)
		if tt.params == `{"group_name":"volumes"}` && string(p.Items[0].After) != `{"health_check_type":"EBS,ELB"}` {
			t.Errorf("after it is %s", p.Items[0].After)
		}
	}
}

func TestParametersThatAreWrong(t *testing.T) {
	c := newCloud(t)
	for _, params := range []string{`{"group_name":"web","processes":[]}`, `{"group_name":"web","processes":["Sleep"]}`, `{"group_name":"","processes":["Launch"]}`} {
		if _, err := c.plan(autoscaling.NewSuspendProcesses, params); fault.CodeOf(err) != fault.Invalid || fault.Hint(err) == "" {
			t.Errorf("%s: %v, want it refused with a hint", params, err)
		}
	}
}

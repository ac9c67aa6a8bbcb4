package autoscaling_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/autoscaling"
	"github.com/aws/aws-sdk-go-v2/service/autoscaling/types"

	"riposte.dev/action"
	"riposte.dev/action/actiontest"
	"riposte.dev/action/autoscaling"
	"riposte.dev/action/awscall"
	"riposte.dev/fault"
	"riposte.dev/sandbox"
)

// cloud is one with a group, web, behind a load balancer.
type cloud struct {
	*actiontest.Cloud
	t      *testing.T
	client *sdk.Client
}

func newCloud(t *testing.T) cloud {
	t.Helper()
	c := cloud{Cloud: actiontest.NewCloud(t), t: t}
	c.client = sdk.NewFromConfig(c.Admin(actiontest.Account, actiontest.Region))
	c.create("web", "EC2", "arn:aws:elasticloadbalancing:eu-west-1:111122223333:targetgroup/web/0123456789abcdef")
	c.suspend("web", "AZRebalance")
	return c
}

func (c cloud) must(err error) {
	c.t.Helper()
	if err != nil {
		c.t.Fatal(err)
	}
}

func (c cloud) create(name, healthCheck, targets string, tags ...types.Tag) {
	c.t.Helper()
	in := &sdk.CreateAutoScalingGroupInput{AutoScalingGroupName: &name, MinSize: aws.Int32(0), MaxSize: aws.Int32(2), HealthCheckType: &healthCheck, Tags: tags}
	if targets != "" {
		in.TargetGroupARNs = []string{targets}
	}
	_, err := c.client.CreateAutoScalingGroup(c.t.Context(), in)
	c.must(err)
}

func (c cloud) suspend(name, process string) {
	c.t.Helper()
	_, err := c.client.SuspendProcesses(c.t.Context(), &sdk.SuspendProcessesInput{AutoScalingGroupName: &name, ScalingProcesses: []string{process}})
	c.must(err)
}

func (c cloud) judge(healthCheck string) {
	c.t.Helper()
	_, err := c.client.UpdateAutoScalingGroup(c.t.Context(), &sdk.UpdateAutoScalingGroupInput{AutoScalingGroupName: aws.String("web"), HealthCheckType: &healthCheck})
	c.must(err)
}

func (c cloud) state() string {
	c.t.Helper()
	out, err := c.client.DescribeAutoScalingGroups(c.t.Context(), &sdk.DescribeAutoScalingGroupsInput{AutoScalingGroupNames: []string{"web"}})
	c.must(err)
	g := out.AutoScalingGroups[0]
	suspended := []string{}
	for _, p := range g.SuspendedProcesses {
		suspended = append(suspended, *p.ProcessName)
	}
	slices.Sort(suspended)
	return fmt.Sprint(*g.HealthCheckType, suspended)
}

func (c cloud) plan(newAction func(*awscall.Caller) action.Action, params string) (*action.Plan, error) {
	return newAction(c.Caller(newAction(nil).Spec().Permissions)).Plan(c.t.Context(), request(params))
}

func request(params string) action.Request {
	return action.Request{Account: actiontest.Account, Region: actiontest.Region, Params: json.RawMessage(params)}
}

func TestConformance(t *testing.T) {
	for _, tt := range []struct {
		newAction               func(*awscall.Caller) action.Action
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
				return actiontest.World{
					Action:  func(permissions []string) action.Action { return tt.newAction(c.Caller(permissions)) },
					Request: request(tt.params), Missing: json.RawMessage(tt.missing), State: c.state, Writes: c.Writes,
					Interfere: func() { tt.interfere(c) },
					Stale: func(reads int) {
						c.AddStaleness(sandbox.Staleness{Service: "autoscaling", Operation: tt.writes, Reads: reads})
					},
				}
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
		newAction func(*awscall.Caller) action.Action
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
		c.must(err)
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

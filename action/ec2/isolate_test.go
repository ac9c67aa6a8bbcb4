package ec2_test

import (
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/autoscaling"
	sdk "github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"riposte.dev/action"
	"riposte.dev/action/actiontest"
	"riposte.dev/action/ec2"
	"riposte.dev/fault"
)

const everyStep = "CreateSnapshots ModifyInstanceAttribute DetachInstances DeregisterTargets CreateSecurityGroup RevokeSecurityGroupEgress " +
	"ModifyNetworkInterfaceAttribute ModifyNetworkInterfaceAttribute CreateTags"

func TestIsolateConformance(t *testing.T) {
	actiontest.Run(t, func(t *testing.T) actiontest.World {
		m := newMachine(t)
		w := m.World(ec2.NewIsolate, isolateParams(m.id, ""), isolateParams("i-0123456789abcdef0", ""), m.state)
		w.Interfere = func() { m.setGroups(m.interfaceIDs[0], m.other) }
		w.Stale = m.StaleAfter("CreateTags")
		return w
	})
}

func TestIsolate(t *testing.T) {
	m := newMachine(t)
	a := m.isolate()
	item := m.planIsolation(a, "")
	if got := operations(item); got != everyStep {
		t.Errorf("the calls are %s, want %s", got, everyStep)
	}
	m.apply(a, item)
	want := "interface riposte-forensics\ninterface riposte-forensics\ntag Name=web-1\ntag riposte:isolation=case-1\nprotected true\nscaling groups 0\ntargets []"
	if got := m.state(); got != want {
		t.Errorf("it became\n%s\nwant\n%s", got, want)
	}
	group := m.forensicGroup()
	if len(group.IpPermissions)+len(group.IpPermissionsEgress) != 0 {
		t.Errorf("the group lets something through: %+v", group)
	}
	if got := m.snapshots("case-1"); len(got) != 2 || got[0] == got[1] {
		t.Errorf("snapshots are of %v, want one of each volume", got)
	}

	m.Must(second(a.Apply(t.Context(), item)))
	if got := m.snapshots("case-1"); len(got) != 2 {
		t.Errorf("applied twice there are snapshots of %v", got)
	}
	if again := m.planIsolation(a, ""); again.Status != action.Unneeded || !strings.Contains(again.Reason, "snap-") {
		t.Errorf("planned again it is %s: %s", again.Status, again.Reason)
	}
}

func second[T any](_ T, err error) error { return err }

func (c cloud) forensicGroup() types.SecurityGroup {
	c.T.Helper()
	out, err := c.client.DescribeSecurityGroups(c.T.Context(), &sdk.DescribeSecurityGroupsInput{Filters: []types.Filter{{Name: aws.String("group-name"), Values: []string{ec2.ForensicGroup}}}})
	c.Must(err)
	if len(out.SecurityGroups) != 1 {
		c.T.Fatalf("there are %d forensic groups", len(out.SecurityGroups))
	}
	return out.SecurityGroups[0]
}

// TestWhatIsHalfDoneIsFinished stops after each call in turn; the next plan has exactly the calls that are left.
func TestWhatIsHalfDoneIsFinished(t *testing.T) {
	all := strings.Fields(everyStep)
	for done := range all {
		t.Run(all[done], func(t *testing.T) {
			m := newMachine(t)
			a := m.isolate()
			item := m.planIsolation(a, "")
			goal := item.After
			item.Calls = item.Calls[:done+1]
			m.Must(second(a.Apply(t.Context(), item)))
			rest := m.planIsolation(a, "")
			if got, want := operations(rest), strings.Join(all[done+1:], " "); got != want {
				t.Errorf("left to do is %q, want %q", got, want)
			}
			if done+1 == len(all) {
				return
			}
			if !action.SameState(rest.After, goal) {
				t.Errorf("the rest leads to %s, want %s", rest.After, goal)
			}
			m.apply(a, rest)
			if got := m.snapshots("case-1"); len(got) != 2 {
				t.Errorf("in the end there are snapshots of %v", got)
			}
		})
	}
}

func TestOnlyVolumesWithoutSnapshotGetOne(t *testing.T) {
	m := newMachine(t)
	_, err := m.client.CreateSnapshots(t.Context(), &sdk.CreateSnapshotsInput{
		InstanceSpecification: &types.InstanceSpecification{InstanceId: &m.id, ExcludeBootVolume: aws.Bool(true)},
		TagSpecifications:     []types.TagSpecification{{ResourceType: types.ResourceTypeSnapshot, Tags: tagList([]string{ec2.IsolationTag, "case-1"})}},
	})
	m.Must(err)
	a := m.isolate()
	m.apply(a, m.planIsolation(a, ""))
	if got := m.snapshots("case-1"); len(got) != 2 || got[0] == got[1] {
		t.Errorf("snapshots are of %v, want one of each volume", got)
	}
}

func TestTheGroupThatIsolates(t *testing.T) {
	t.Run("one that is given", func(t *testing.T) {
		m := newMachine(t)
		a := m.isolate()
		item := m.planIsolation(a, `,"forensic_group_id":"`+m.other+`"`)
		if strings.Contains(operations(item), "SecurityGroup") {
			t.Errorf("the calls are %s", operations(item))
		}
		m.apply(a, item)
		if !strings.HasPrefix(m.state(), "interface other\ninterface other\n") {
			t.Errorf("it became %s", m.state())
		}
	})
	t.Run("one of another VPC", func(t *testing.T) {
		m := newMachine(t)
		vpc, err := m.client.CreateVpc(t.Context(), &sdk.CreateVpcInput{CidrBlock: aws.String("10.1.0.0/16")})
		m.Must(err)
		group, err := m.client.CreateSecurityGroup(t.Context(), &sdk.CreateSecurityGroupInput{GroupName: aws.String("f"), Description: aws.String("f"), VpcId: vpc.Vpc.VpcId})
		m.Must(err)
		_, err = m.isolate().Plan(t.Context(), actiontest.Request(isolateParams(m.id, `,"forensic_group_id":"`+*group.GroupId+`"`)))
		if fault.CodeOf(err) != fault.Invalid || fault.Hint(err) == "" {
			t.Errorf("%v, want invalid and a next step", err)
		}
	})
	t.Run("one with rules", func(t *testing.T) {
		m := newMachine(t)
		a := m.isolate()
		item := m.planIsolation(a, "")
		made, err := m.client.CreateSecurityGroup(t.Context(), &sdk.CreateSecurityGroupInput{GroupName: aws.String(ec2.ForensicGroup), Description: aws.String("f"), VpcId: &m.vpc})
		m.Must(err)
		_, err = m.client.AuthorizeSecurityGroupIngress(t.Context(), &sdk.AuthorizeSecurityGroupIngressInput{GroupId: made.GroupId, IpPermissions: []types.IpPermission{tcp(22, 22, "0.0.0.0/0", "")}})
		m.Must(err)
		if _, err := a.Apply(t.Context(), item); fault.CodeOf(err) != fault.Conflict {
			t.Errorf("apply into an open group: %v, want a conflict", err)
		}
		if open := m.planIsolation(a, ""); open.Status != action.Escalated || !strings.Contains(open.Reason, *made.GroupId) {
			t.Errorf("it is %s: %s", open.Status, open.Reason)
		}
	})
}

func TestAnInstanceThatHasEnded(t *testing.T) {
	m := newMachine(t)
	a := m.isolate()
	item := m.planIsolation(a, "")
	m.apply(a, item)
	m.terminate()
	if ended := m.planIsolation(a, ""); ended.Status != action.Unneeded || !strings.Contains(ended.Reason, "terminated") {
		t.Errorf("it is %s: %s", ended.Status, ended.Reason)
	}
	p, err := a.Undo(t.Context(), item)
	m.Must(err)
	if p.Items[0].Status != action.Conflict {
		t.Errorf("its undo is %s: %s", p.Items[0].Status, p.Items[0].Reason)
	}
	if err := a.Verify(t.Context(), item); fault.CodeOf(err) != fault.NotFound {
		t.Errorf("verify: %v, want not found", err)
	}
}

func TestUndoOfAnIsolation(t *testing.T) {
	isolated := "interface riposte-forensics"
	tests := []struct {
		name   string
		since  func(m machine)
		status action.Status
		says   string
		state  string // a part of it, in the end
	}{
		{"nothing", func(machine) {}, action.Change, "snapshots stay: snap-", "scaling groups 1\ntargets [80 8080]"},
		{"the scaling group is full", machine.fill, action.Change, "at its maximum of 2", "scaling groups 0\ntargets [80 8080]"},
		{"attached again", machine.attach, action.Change, "Puts", "scaling groups 1"},
		{"no longer protected", func(m machine) { m.protect(false) }, action.Change, "Puts", "protected false"},
		{"other groups", func(m machine) { m.setGroups(m.interfaceIDs[1], m.other) }, action.Conflict, "other groups since", isolated},
		{"another tag", func(m machine) { m.tag(m.id, ec2.IsolationTag, "case-2") }, action.Conflict, ec2.IsolationTag, isolated},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			m := newMachine(t)
			a := m.isolate()
			item := m.planIsolation(a, "")
			m.apply(a, item)
			tt.since(m)
			p, err := a.Undo(t.Context(), item)
			m.Must(err)
			undo := p.Items[0]
			if undo.Status != tt.status || !strings.Contains(undo.Reason, tt.says) || (len(undo.Calls) > 0) != (tt.status == action.Change) {
				t.Errorf("undo is %s with %d calls: %s; want %s that says %q", undo.Status, len(undo.Calls), undo.Reason, tt.status, tt.says)
			}
			if undo.Status == action.Change {
				m.apply(a, undo)
			}
			if !strings.Contains(m.state(), tt.state) {
				t.Errorf("in the end it is\n%s\nwant in it\n%s", m.state(), tt.state)
			}
		})
	}
}

// fill attaches instances until the Auto Scaling group is at its maximum.
func (m machine) fill() {
	m.T.Helper()
	ran, err := m.client.RunInstances(m.T.Context(), &sdk.RunInstancesInput{ImageId: aws.String("ami-01234567"), MinCount: aws.Int32(1), MaxCount: aws.Int32(1)})
	m.Must(err)
	_, err = m.scaling.AttachInstances(m.T.Context(), &autoscaling.AttachInstancesInput{AutoScalingGroupName: aws.String(scalingGroup), InstanceIds: []string{*ran.Instances[0].InstanceId}})
	m.Must(err)
}

// EC2 protects no Spot Instance from termination; that must not hold up the rest.
func TestASpotInstanceIsIsolated(t *testing.T) {
	m := newMachine(t)
	ran, err := m.client.RunInstances(t.Context(), &sdk.RunInstancesInput{
		ImageId: aws.String("ami-01234567"), MinCount: aws.Int32(1), MaxCount: aws.Int32(1), SecurityGroupIds: []string{m.group},
		InstanceMarketOptions: &types.InstanceMarketOptionsRequest{MarketType: types.MarketTypeSpot},
	})
	m.Must(err)
	m.id = *ran.Instances[0].InstanceId
	a, before := m.isolate(), m.state()
	item := m.planIsolation(a, "")
	if !strings.Contains(item.Reason, "Spot Instance") || strings.Contains(operations(item), "ModifyInstanceAttribute") {
		t.Errorf("%s: %s, want it said that it can't be protected", operations(item), item.Reason)
	}
	m.Do(a, item)
	actiontest.Want(t, m.planIsolation(a, ""), action.Unneeded, "isolated already")
	m.Do(a, m.Undo(a, item))
	if after := m.state(); after != before {
		t.Errorf("after the undo:\n%s\nwant\n%s", after, before)
	}
}

package failures

import (
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	ec2sdk "github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
	sdk "github.com/aws/aws-sdk-go-v2/service/iam"

	"riposte.dev/accounts"
	"riposte.dev/action"
	"riposte.dev/action/actiontest"
	"riposte.dev/action/awscall"
	"riposte.dev/playbook"
	"riposte.dev/sandbox"
)

func fails(operation, code string, status, times int) sandbox.Fault {
	return sandbox.Fault{Match: sandbox.Match{Operation: operation}, Times: times, Error: &sandbox.FaultError{Code: code, Message: "by the test", Status: status}}
}

func (w *world) deleteMallory() {
	user := aws.String("mallory")
	policies, err := w.iam.ListUserPolicies(w.t.Context(), &sdk.ListUserPoliciesInput{UserName: user})
	w.must(err)
	for _, name := range policies.PolicyNames {
		_, err := w.iam.DeleteUserPolicy(w.t.Context(), &sdk.DeleteUserPolicyInput{UserName: user, PolicyName: &name})
		w.must(err)
	}
	_, err = w.iam.DeleteUser(w.t.Context(), &sdk.DeleteUserInput{UserName: user})
	w.must(err)
}

func TestAccessDenied(t *testing.T) {
	w := newWorld(t)
	w.AddFault(fails("PutUserPolicy", "AccessDenied", 403, 0))
	w.ends(w.respond(quarantine, `{}`), playbook.Succeeded, action.Failed, "AccessDenied", "allow iam:PutUserPolicy for the role")
	if w.denies() {
		t.Error("it was changed all the same")
	}
}

func TestAMinuteOfThrottling(t *testing.T) {
	w := newWorld(t)
	remove := w.AddFault(fails("", "Throttling", 400, 0))
	over := w.clock.now.Add(time.Minute)
	w.clock.moved = func(now time.Time) {
		if now.After(over) {
			remove()
		}
	}
	w.ends(w.respond(quarantine, `{}`), playbook.Succeeded, action.Changed)
	if !w.denies() {
		t.Error("nothing was changed")
	}
}

// The breaker ends the trying, and leaves it to people.
func TestThrottlingThatDoesNotEnd(t *testing.T) {
	w := newWorld(t)
	w.AddFault(fails("PutUserPolicy", "Throttling", 400, 0))
	w.ends(w.respond(quarantine, `{}`), playbook.Succeeded, action.Escalated, "rests until", "after 5 failures in 10m0s")
}

func TestDeletedBetweenLookAndCall(t *testing.T) {
	w := newWorld(t)
	w.at(playbook.StepIntended, w.deleteMallory)
	w.ends(w.respond(quarantine, `{}`), playbook.Succeeded, action.Failed, "NoSuchEntity", "it was deleted after riposte had looked")
}

func TestDeletedBetweenCallAndLook(t *testing.T) {
	w := newWorld(t)
	w.at(playbook.StepApplied, w.deleteMallory)
	w.ends(w.respond(quarantine, `{}`), playbook.Failed, action.Failed, "not seen as planned within 1m0s", "it was deleted, or it is in another account")
}

func TestSomebodyElseRaces(t *testing.T) {
	w := newWorld(t)
	w.at(playbook.StepIntended, func() {
		_, err := w.iam.PutUserPolicy(w.t.Context(), &sdk.PutUserPolicyInput{UserName: aws.String("mallory"), PolicyName: aws.String("riposte-quarantine"),
			PolicyDocument: aws.String(`{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Action":"s3:*","Resource":"*"}]}`)})
		w.must(err)
	})
	w.ends(w.respond(quarantine, `{}`), playbook.Succeeded, action.Failed, "was changed after the plan was made", "look at who changed it")
}

func TestEventualConsistency(t *testing.T) {
	w := newWorld(t)
	w.AddStaleness(sandbox.Staleness{Service: "iam", Operation: "PutUserPolicy", Reads: 5})
	w.ends(w.respond(quarantine, `{}`), playbook.Succeeded, action.Changed)
}

func TestALostAnswer(t *testing.T) {
	w := newWorld(t)
	w.AddFault(sandbox.Fault{Match: sandbox.Match{Operation: "PutUserPolicy"}, Times: 3, After: true, Drop: true})
	v := w.respond(quarantine, `{}`)
	w.ends(v, playbook.Succeeded, action.Changed)
	if !w.denies() || !v.Undoable {
		t.Errorf("quarantined %v, undoable %v", w.denies(), v.Undoable)
	}
}

func TestCredentialsThatExpireMidway(t *testing.T) {
	w := newWorld(t)
	role, err := w.Member.CreateRole("riposte", `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::`+actiontest.Management+
		`:root"},"Action":"sts:AssumeRole"}]}`, sandbox.AdministratorAccess)
	w.must(err)
	reach, err := accounts.New(accounts.Options{Base: w.Admin(actiontest.Management, region), Accounts: []accounts.Account{{ID: account, Role: role, Regions: []string{region, "us-east-1"}}}})
	w.must(err)
	w.caller = awscall.New(reach, time.Now)
	w.AddFault(fails("PutUserPolicy", "ExpiredToken", 403, 1))
	w.ends(w.respond(quarantine, `{}`), playbook.Succeeded, action.Changed)
	assumed, puts := 0, 0
	for _, call := range w.Calls() {
		switch call.Operation {
		case "AssumeRole":
			assumed++
		case "PutUserPolicy":
			puts++
		}
	}
	if assumed != 2 || puts != 2 {
		t.Errorf("the role was assumed %d times for %d calls, want 2 and 2", assumed, puts)
	}
}

const closePort = `
StartAt: Act
States:
  Act: {Type: Task, Resource: "riposte:action:ec2.revoke-ingress", Parameters: {group.$: $.group, ports: [22]}, ResultPath: $.act, Next: Tell}
  Tell: {Type: Task, Resource: "riposte:notify", Parameters: {message.$: $.act.status}, End: true}
`

// Two rules with tags of their own take two calls to come back. The second fails: what was put back is nobody's conflict, and
// the next undo puts back the rest.
func TestAHalfOfAnUndo(t *testing.T) {
	w := newWorld(t)
	client := ec2sdk.NewFromConfig(w.Admin(account, region))
	vpc, err := client.CreateVpc(t.Context(), &ec2sdk.CreateVpcInput{CidrBlock: aws.String("10.0.0.0/16")})
	w.must(err)
	group, err := client.CreateSecurityGroup(t.Context(), &ec2sdk.CreateSecurityGroupInput{GroupName: aws.String("web"), Description: aws.String("web"), VpcId: vpc.Vpc.VpcId})
	w.must(err)
	for tag, from := range map[string]types.IpPermission{
		"four": {IpRanges: []types.IpRange{{CidrIp: aws.String("0.0.0.0/0")}}}, "six": {Ipv6Ranges: []types.Ipv6Range{{CidrIpv6: aws.String("::/0")}}},
	} {
		from.IpProtocol, from.FromPort, from.ToPort = aws.String("tcp"), aws.Int32(22), aws.Int32(22)
		_, err := client.AuthorizeSecurityGroupIngress(t.Context(), &ec2sdk.AuthorizeSecurityGroupIngressInput{GroupId: group.GroupId,
			IpPermissions:     []types.IpPermission{from},
			TagSpecifications: []types.TagSpecification{{ResourceType: types.ResourceTypeSecurityGroupRule, Tags: []types.Tag{{Key: aws.String("rule"), Value: aws.String(tag)}}}}})
		w.must(err)
	}
	open := func() int {
		out, err := client.DescribeSecurityGroupRules(t.Context(), &ec2sdk.DescribeSecurityGroupRulesInput{
			Filters: []types.Filter{{Name: aws.String("group-id"), Values: []string{*group.GroupId}}}})
		w.must(err)
		n := 0
		for _, rule := range out.SecurityGroupRules {
			if !aws.ToBool(rule.IsEgress) {
				n++
			}
		}
		return n
	}
	v := w.respond(closePort, `{"group":"`+*group.GroupId+`"}`)
	w.ends(v, playbook.Succeeded, action.Changed)
	if open() != 0 {
		t.Fatalf("%d rules are left", open())
	}
	var remove func()
	w.at(playbook.StepIntended, func() {
		remove = w.AddFault(sandbox.Fault{Match: sandbox.Match{Operation: "AuthorizeSecurityGroupIngress", Resource: "::/0"},
			Error: &sandbox.FaultError{Code: "UnauthorizedOperation", Message: "by the test", Status: 403}})
	})
	first, err := w.runtime.Undo(t.Context(), v.ID, playbook.UndoOptions{By: "ana"})
	w.must(err)
	half := first.Plans[0].Items[0]
	if half.Status != action.Failed || !half.Touched() || open() != 1 {
		t.Errorf("%s, touched %v, %d rules are back: %s", half.Status, half.Touched(), open(), half.Error)
	}
	remove()
	second, err := w.runtime.Undo(t.Context(), v.ID, playbook.UndoOptions{By: "ana"})
	w.must(err)
	if item := second.Plans[0].Items[0]; item.Status != action.Changed || open() != 2 {
		t.Errorf("%s (%s), %d rules are back", item.Status, item.Reason, open())
	}
}

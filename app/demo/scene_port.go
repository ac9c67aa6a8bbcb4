package demo

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"riposte.dev/action"
	"riposte.dev/playbook"
	"riposte.dev/web"
)

func permission(protocol string, from, to int32, cidrs ...string) types.IpPermission {
	p := types.IpPermission{IpProtocol: aws.String(protocol)}
	if protocol != "-1" {
		p.FromPort, p.ToPort = aws.Int32(from), aws.Int32(to)
	}
	for _, cidr := range cidrs {
		if strings.Contains(cidr, ":") {
			p.Ipv6Ranges = append(p.Ipv6Ranges, types.Ipv6Range{CidrIpv6: aws.String(cidr)})
		} else {
			p.IpRanges = append(p.IpRanges, types.IpRange{CidrIp: aws.String(cidr)})
		}
	}
	return p
}

// openPort opens remote administration to the world in every way at once.
func openPort(ctx context.Context, w *world) error {
	admin := w.ec2("admin", staffIP)
	vpc, err := admin.CreateVpc(ctx, &ec2.CreateVpcInput{CidrBlock: aws.String("10.0.0.0/16")})
	if err != nil {
		return err
	}
	w.vpc = aws.ToString(vpc.Vpc.VpcId)
	if _, err := admin.CreateTags(ctx, &ec2.CreateTagsInput{Resources: []string{w.vpc}, Tags: []types.Tag{{Key: aws.String("owner"), Value: aws.String("web@shop.example")}}}); err != nil {
		return err
	}
	group, err := admin.CreateSecurityGroup(ctx, &ec2.CreateSecurityGroupInput{GroupName: aws.String("web"), Description: aws.String("web servers"), VpcId: &w.vpc})
	if err != nil {
		return err
	}
	w.group = aws.ToString(group.GroupId)
	if _, err := admin.AuthorizeSecurityGroupIngress(ctx, &ec2.AuthorizeSecurityGroupIngressInput{GroupId: &w.group, IpPermissions: []types.IpPermission{
		permission("tcp", 443, 443, "0.0.0.0/0", "::/0"), permission("tcp", 22, 22, "10.0.0.0/8"), permission("tcp", 3000, 4000, "192.0.2.0/24"),
	}}); err != nil {
		return err
	}
	kept, err := w.ingress(ctx)
	if err != nil {
		return err
	}
	w.says("mallory opens 22 and 3389: to 0.0.0.0/0, to ::/0, as a range, as every protocol, and to two halves of the world.")
	if _, err := w.ec2("mallory", intruderIP).AuthorizeSecurityGroupIngress(ctx, &ec2.AuthorizeSecurityGroupIngressInput{GroupId: &w.group, IpPermissions: []types.IpPermission{
		permission("tcp", 22, 22, "0.0.0.0/0"), permission("tcp", 3389, 3389, "0.0.0.0/0", "::/0"), permission("tcp", 20, 30, "::/0"),
		permission("-1", 0, 0, "0.0.0.0/0"), permission("tcp", 3380, 3390, "0.0.0.0/1", "128.0.0.0/1"),
	}}); err != nil {
		return err
	}
	s, err := w.execution(ctx, "remote-admin-port-opened")
	if err != nil {
		return err
	}
	now, err := w.ingress(ctx)
	if err != nil {
		return err
	}
	if !slices.Equal(now, kept) || s.Items[action.Changed] != 1 {
		return fmt.Errorf("the group has %v, not %v", now, kept)
	}
	w.opened = s.ID
	w.checked("exactly the offending rules are gone, by id; %d others stay; %.1f ms to the first call", len(kept), float64(s.FirstCall)/1e6)
	mail, err := w.mailTo(ctx, "web@shop.example", "riposte@example.com", s.ID)
	if err != nil {
		return err
	}
	if !strings.Contains(mail.Text, "VPC") {
		return fmt.Errorf("the mail does not say how the owner is known:\n%s", mail.Text)
	}
	w.shows("mail to web@shop.example: "+mail.Subject, mail.Text)
	w.checked("the owner was told; the mail says that the VPC's tag names them")
	return nil
}

// ingress lists the group's inbound rules as text, sorted.
func (w *world) ingress(ctx context.Context) ([]string, error) {
	out, err := w.ec2("admin", staffIP).DescribeSecurityGroupRules(ctx, &ec2.DescribeSecurityGroupRulesInput{
		Filters: []types.Filter{{Name: aws.String("group-id"), Values: []string{w.group}}}})
	if err != nil {
		return nil, err
	}
	var rules []string
	for _, r := range out.SecurityGroupRules {
		if !aws.ToBool(r.IsEgress) {
			rules = append(rules, fmt.Sprintf("%s %d-%d %s%s", aws.ToString(r.IpProtocol), aws.ToInt32(r.FromPort), aws.ToInt32(r.ToPort), aws.ToString(r.CidrIpv4), aws.ToString(r.CidrIpv6)))
		}
	}
	slices.Sort(rules)
	return rules, nil
}

// dryRunAndUndo shows a plan that is not carried out, then takes the last scene's change back.
func dryRunAndUndo(ctx context.Context, w *world) error {
	w.says("mallory opens PostgreSQL's port; the rule for it runs dry.")
	if _, err := w.ec2("mallory", intruderIP).AuthorizeSecurityGroupIngress(ctx, &ec2.AuthorizeSecurityGroupIngressInput{GroupId: &w.group,
		IpPermissions: []types.IpPermission{permission("tcp", 5432, 5432, "0.0.0.0/0")}}); err != nil {
		return err
	}
	s, err := w.execution(ctx, "database-port-opened")
	if err != nil {
		return err
	}
	var view playbook.View
	if err := w.client.Call(ctx, http.MethodGet, "/api/v1/executions/"+s.ID, nil, nil, &view); err != nil {
		return err
	}
	if err := w.showPlan("the plan that was not carried out", view.Plans); err != nil {
		return err
	}
	before, err := w.ingress(ctx)
	if err != nil {
		return err
	}
	if !slices.ContainsFunc(before, func(r string) bool { return strings.Contains(r, "5432") }) {
		return fmt.Errorf("the dry run closed the port")
	}
	w.checked("the plan and its diff are shown; nothing was changed")
	w.says("riposte executions undo %s", w.opened)
	var undone playbook.Undone
	if err := w.client.Call(ctx, http.MethodPost, "/api/v1/executions/"+w.opened+"/undo", nil, web.UndoRequest{}, &undone); err != nil {
		return err
	}
	if err := w.showPlan("undone by execution "+undone.ID, undone.Plans); err != nil {
		return err
	}
	after, err := w.ingress(ctx)
	if err != nil {
		return err
	}
	for _, rule := range []string{"tcp 22-22 0.0.0.0/0", "tcp 3389-3389 0.0.0.0/0", "tcp 3389-3389 ::/0", "tcp 20-30 ::/0", "-1 -1--1 0.0.0.0/0", "tcp 3380-3390 0.0.0.0/1", "tcp 3380-3390 128.0.0.0/1"} {
		if !slices.Contains(after, rule) {
			return fmt.Errorf("the undo did not bring back %q: %v", rule, after)
		}
	}
	w.checked("all 7 rules are back as they were")
	return w.notAnsweredItself(ctx, s.ID)
}

// notAnsweredItself has something happen after the undo, and sees that the undo's own call started nothing.
func (w *world) notAnsweredItself(ctx context.Context, seen string) error {
	if _, err := w.ec2("mallory", intruderIP).AuthorizeSecurityGroupIngress(ctx, &ec2.AuthorizeSecurityGroupIngressInput{GroupId: &w.group,
		IpPermissions: []types.IpPermission{permission("tcp", 5432, 5432, "::/0")}}); err != nil {
		return err
	}
	if _, err := w.execution(ctx, "database-port-opened", seen); err != nil {
		return err
	}
	var list []playbook.Summary
	if err := w.client.Call(ctx, http.MethodGet, "/api/v1/executions", map[string][]string{"rule": {"remote-admin-port-opened"}}, nil, &list); err != nil {
		return err
	}
	for _, s := range list {
		if s.ID != w.opened && s.Undoes == "" {
			return fmt.Errorf("riposte answered its own undo with execution %s", s.ID)
		}
	}
	w.checked("riposte knew its own call by the request id and did not answer it")
	return nil
}

// showPlan prints plans with their diff.
func (w *world) showPlan(title string, plans []action.Plan) error {
	var lines []string
	for _, plan := range plans {
		for _, item := range plan.Items {
			lines = append(lines, fmt.Sprintf("%s %s: %s", item.Status, item.Resource.ARN, item.Reason))
			lines = append(lines, action.Diff(item.Before, item.After)...)
		}
	}
	if len(lines) < 2 {
		return fmt.Errorf("the plan has no diff: %v", lines)
	}
	w.shows(title, strings.Join(lines, "\n"))
	return nil
}

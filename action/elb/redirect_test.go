package elb_test

import (
	"encoding/json"
	"fmt"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	sdk "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	"github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"

	"riposte.dev/action"
	"riposte.dev/action/actiontest"
	"riposte.dev/action/elb"
)

// site is a cloud whose load balancer listens with TLS at 443, and without at 80.
type site struct {
	cloud
	groups []string
	plain  string // the listener at 80
}

func newSite(t *testing.T) site {
	t.Helper()
	s := site{cloud: newCloud(t)}
	vpc, err := ec2.NewFromConfig(s.Admin(actiontest.Account, actiontest.Region)).CreateVpc(t.Context(), &ec2.CreateVpcInput{CidrBlock: aws.String("10.0.0.0/16")})
	s.Must(err)
	for _, name := range []string{"blue", "green"} {
		g, err := s.client.CreateTargetGroup(t.Context(), &sdk.CreateTargetGroupInput{
			Name: &name, Protocol: types.ProtocolEnumHttp, Port: aws.Int32(8080), VpcId: vpc.Vpc.VpcId,
		})
		s.Must(err)
		s.groups = append(s.groups, *g.TargetGroups[0].TargetGroupArn)
	}
	s.plain = s.listen(80, s.weighed())
	s.listen(443, s.weighed())
	return s
}

// weighed is a forward to both groups, as a deployment leaves it.
func (s site) weighed() types.Action {
	return types.Action{Type: types.ActionTypeEnumForward, Order: aws.Int32(1), ForwardConfig: &types.ForwardActionConfig{
		TargetGroups: []types.TargetGroupTuple{{TargetGroupArn: &s.groups[0], Weight: aws.Int32(90)}, {TargetGroupArn: &s.groups[1], Weight: aws.Int32(10)}},
	}}
}

// listen makes a listener, with TLS where the port ends in 443.
func (s site) listen(port int32, answer types.Action) string {
	s.T.Helper()
	in := &sdk.CreateListenerInput{LoadBalancerArn: &s.arn, Protocol: types.ProtocolEnumHttp, Port: &port, DefaultActions: []types.Action{answer}}
	if port%1000 == 443 {
		in.Protocol = types.ProtocolEnumHttps
		in.Certificates = []types.Certificate{{CertificateArn: aws.String("arn:aws:acm:eu-west-1:111122223333:certificate/0c5d3a5a-0000-4000-8000-000000000000")}}
	}
	out, err := s.client.CreateListener(s.T.Context(), in)
	s.Must(err)
	return *out.Listeners[0].ListenerArn
}

func (s site) answer(listener string, answer types.Action) {
	s.T.Helper()
	_, err := s.client.ModifyListener(s.T.Context(), &sdk.ModifyListenerInput{ListenerArn: &listener, DefaultActions: []types.Action{answer}})
	s.Must(err)
}

func (s site) rule(priority int32, answer types.Action) {
	s.T.Helper()
	_, err := s.client.CreateRule(s.T.Context(), &sdk.CreateRuleInput{
		ListenerArn: &s.plain, Priority: &priority, Actions: []types.Action{answer},
		Conditions: []types.RuleCondition{{Field: aws.String("path-pattern"), Values: []string{fmt.Sprintf("/%d/*", priority)}}},
	})
	s.Must(err)
}

func redirect(protocol, port string, order *int32) types.Action {
	return types.Action{Type: types.ActionTypeEnumRedirect, Order: order, RedirectConfig: &types.RedirectActionConfig{
		Protocol: &protocol, Port: &port, StatusCode: types.RedirectActionStatusCodeEnumHttp301,
	}}
}

func fixed() types.Action {
	return types.Action{Type: types.ActionTypeEnumFixedResponse, FixedResponseConfig: &types.FixedResponseActionConfig{StatusCode: aws.String("404")}}
}

func (s site) listeners() string {
	s.T.Helper()
	out, err := s.client.DescribeListeners(s.T.Context(), &sdk.DescribeListenersInput{LoadBalancerArn: &s.arn})
	s.Must(err)
	raw, err := json.Marshal(out.Listeners)
	s.Must(err)
	return string(raw)
}

func TestRedirectConformance(t *testing.T) {
	actiontest.Run(t, func(t *testing.T) actiontest.World {
		s := newSite(t)
		w := s.World(elb.NewRedirectHTTP, `{"load_balancer_arn":"`+s.arn+`"}`, `{"load_balancer_arn":"`+s.arn+`0"}`, s.listeners)
		w.Interfere = func() { s.answer(s.plain, redirect("HTTPS", "8443", nil)) }
		return w
	})
}

// Each HTTP listener is an item of its own; another's change holds up nothing but that one.
func TestEachListenerIsRedirected(t *testing.T) {
	s := newSite(t)
	s.listen(8443, s.weighed())
	other := s.listen(8080, fixed())
	a, req := s.Action(elb.NewRedirectHTTP), actiontest.Request(`{"load_balancer_arn":"`+s.arn+`","port":8443}`)
	before := s.listeners()
	plan, err := a.Plan(t.Context(), req)
	if err != nil || len(plan.Items) != 2 {
		t.Fatalf("%+v, %v; want both HTTP listeners", plan, err)
	}
	for i, want := range []struct{ name, says string }{{"web:80", "hands requests on"}, {"web:8080", "by itself, with 404"}} {
		item := plan.Items[i]
		actiontest.Want(t, item, action.Change, want.says)
		if item.Resource.Name != want.name || item.Resource.Type != "AWS::ElasticLoadBalancingV2::Listener" {
			t.Errorf("it is %+v, want %s", item.Resource, want.name)
		}
		s.Do(a, item)
	}
	s.answer(s.plain, redirect("HTTPS", "8443", aws.Int32(1))) // the same with a number
	s.answer(other, redirect("HTTPS", "443", nil))
	actiontest.Want(t, s.Undo(a, plan.Items[1]), action.Conflict, "Somebody")
	s.answer(other, fixed())
	s.Do(a, s.Undo(a, plan.Items[0]))
	if after := s.listeners(); after != before {
		t.Errorf("the undo left\n%s\nwant\n%s", after, before)
	}
}

func TestListenersThatAreLeft(t *testing.T) {
	drop := func(s *site, port int32) {
		out, err := s.client.DescribeListeners(s.T.Context(), &sdk.DescribeListenersInput{LoadBalancerArn: &s.arn})
		s.Must(err)
		for _, l := range out.Listeners {
			if *l.Port == port {
				_, err := s.client.DeleteListener(s.T.Context(), &sdk.DeleteListenerInput{ListenerArn: l.ListenerArn})
				s.Must(err)
			}
		}
	}
	for _, tt := range []struct {
		name   string
		spoil  func(*site)
		more   string // parameters
		status action.Status
		says   string
	}{
		{"no HTTPS listener", func(s *site) { drop(s, 443) }, "", action.Escalated, "request-certificate"},
		{"no HTTP listener", func(s *site) { drop(s, 80) }, "", action.Unneeded, "no listener that speaks HTTP"},
		{"redirected", func(s *site) { s.answer(s.plain, redirect("HTTPS", "443", nil)) }, "", action.Unneeded, "redirects to HTTPS already"},
		{"redirected elsewhere without TLS", func(s *site) { s.answer(s.plain, redirect("HTTP", "8080", nil)) }, "", action.Change, "but not to HTTPS"},
		{"rules that forward", func(s *site) {
			s.answer(s.plain, redirect("HTTPS", "443", nil))
			s.rule(20, s.weighed())
			s.rule(10, redirect("#{protocol}", "81", nil))
			s.rule(30, fixed())
			s.rule(40, redirect("HTTPS", "443", nil))
		}, "", action.Escalated, "answer without TLS: priority 10 (path-pattern /10/*), priority 20 (path-pattern /20/*). Have"},
		{"rules that don't", func(s *site) { s.rule(30, fixed()) }, "", action.Change, "hands requests on"},
		{"443 of several for 80", func(s *site) { s.listen(8443, fixed()) }, "", action.Change, "hands requests on"},
		{"several without 443", func(s *site) { drop(s, 443); s.listen(8443, fixed()); s.listen(9443, fixed()) }, "", action.Escalated, "at 8443, 9443: name"},
		{"a port without TLS", func(*site) {}, `,"port":8443`, action.Escalated, "no HTTPS listener at port 8443: name one of 443"},
		{"of a controller", func(s *site) {
			s.arn = s.create("ingress", types.LoadBalancerTypeEnumApplication, types.Tag{Key: aws.String("elbv2.k8s.aws/cluster"), Value: aws.String("shop")})
			s.listen(80, fixed())
		}, "", action.Escalated, "ssl-redirect"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := newSite(t)
			tt.spoil(&s)
			actiontest.Want(t, s.Item(s.Action(elb.NewRedirectHTTP), actiontest.Request(`{"load_balancer_arn":"`+s.arn+`"`+tt.more+`}`)), tt.status, tt.says)
		})
	}
}

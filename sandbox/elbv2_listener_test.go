package sandbox_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	elb "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	elbtypes "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"

	"riposte.dev/sandbox"
)

// balancing is a load balancer with a target group.
type balancing struct {
	*network
	client          *elb.Client
	balancer, group string
}

func newBalancing(t *testing.T) balancing {
	t.Helper()
	b := balancing{network: newNetwork(t, sandbox.Options{})}
	b.client = elb.NewFromConfig(b.config(b.root, "us-east-1"))
	made, err := b.client.CreateLoadBalancer(t.Context(), &elb.CreateLoadBalancerInput{Name: aws.String("shop")})
	b.must(err)
	b.balancer = *made.LoadBalancers[0].LoadBalancerArn
	b.group = b.target("shop")
	return b
}

func (b balancing) target(name string) string {
	b.t.Helper()
	out, err := b.client.CreateTargetGroup(b.t.Context(), &elb.CreateTargetGroupInput{Name: &name, Protocol: elbtypes.ProtocolEnumHttp, Port: aws.Int32(80), VpcId: &b.vpc})
	b.must(err)
	return *out.TargetGroups[0].TargetGroupArn
}

func to(group string) []elbtypes.Action {
	return []elbtypes.Action{{Type: elbtypes.ActionTypeEnumForward, TargetGroupArn: &group}}
}

func redirectTo(protocol, port string) []elbtypes.Action {
	return []elbtypes.Action{{Type: elbtypes.ActionTypeEnumRedirect, RedirectConfig: &elbtypes.RedirectActionConfig{
		Protocol: &protocol, Port: &port, StatusCode: elbtypes.RedirectActionStatusCodeEnumHttp301,
	}}}
}

func (b balancing) listen(protocol elbtypes.ProtocolEnum, port int32, actions []elbtypes.Action) (*elbtypes.Listener, error) {
	in := &elb.CreateListenerInput{LoadBalancerArn: &b.balancer, Protocol: protocol, Port: &port, DefaultActions: actions}
	if protocol == elbtypes.ProtocolEnumHttps {
		in.Certificates = []elbtypes.Certificate{{CertificateArn: aws.String("arn:aws:acm:us-east-1:111122223333:certificate/0c5d3a5a-0000-4000-8000-000000000000")}}
	}
	out, err := b.client.CreateListener(b.t.Context(), in)
	if err != nil {
		return nil, err
	}
	return &out.Listeners[0], nil
}

func TestListeners(t *testing.T) {
	b := newBalancing(t)
	plain, err := b.listen(elbtypes.ProtocolEnumHttp, 80, to(b.group))
	b.must(err)
	if f := plain.DefaultActions[0].ForwardConfig; len(f.TargetGroups) != 1 || *f.TargetGroups[0].Weight != 1 || *f.TargetGroupStickinessConfig.Enabled {
		t.Errorf("it forwards to %+v", f)
	}
	secure, err := b.listen(elbtypes.ProtocolEnumHttps, 443, to(b.group))
	b.must(err)
	if !strings.HasPrefix(*secure.ListenerArn, strings.Replace(b.balancer, ":loadbalancer/", ":listener/", 1)+"/") || *secure.SslPolicy == "" {
		t.Errorf("it is %+v", secure)
	}
	for code, refused := range map[string]func() error{
		"DuplicateListener":   func() error { _, err := b.listen(elbtypes.ProtocolEnumHttp, 80, to(b.group)); return err },
		"UnsupportedProtocol": func() error { _, err := b.listen(elbtypes.ProtocolEnumTcp, 81, to(b.group)); return err },
		"TargetGroupNotFound": func() error { _, err := b.listen(elbtypes.ProtocolEnumHttp, 81, to(b.group+"0")); return err },
		"InvalidLoadBalancerAction": func() error {
			_, err := b.listen(elbtypes.ProtocolEnumHttp, 81, redirectTo("HTTP", "#{port}"))
			return err
		},
		"ValidationError": func() error {
			_, err := b.client.ModifyListener(t.Context(), &elb.ModifyListenerInput{ListenerArn: plain.ListenerArn, Port: aws.Int32(8443), Protocol: elbtypes.ProtocolEnumHttps})
			return err
		},
		"ResourceInUse": func() error {
			_, err := b.client.DeleteTargetGroup(t.Context(), &elb.DeleteTargetGroupInput{TargetGroupArn: &b.group})
			return err
		},
	} {
		wantCode(t, refused(), code)
	}
	changed, err := b.client.ModifyListener(t.Context(), &elb.ModifyListenerInput{ListenerArn: plain.ListenerArn, DefaultActions: redirectTo("HTTPS", "443")})
	b.must(err)
	if r := changed.Listeners[0].DefaultActions[0].RedirectConfig; *r.Host != "#{host}" || *r.Path != "/#{path}" || *r.Query != "#{query}" || *changed.Listeners[0].Port != 80 {
		t.Errorf("it redirects to %+v", r)
	}
	var pages int
	for p := elb.NewDescribeListenersPaginator(b.client, &elb.DescribeListenersInput{LoadBalancerArn: &b.balancer, PageSize: aws.Int32(1)}); p.HasMorePages(); pages++ {
		if _, err := p.NextPage(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if pages != 2 {
		t.Errorf("%d pages of one", pages)
	}
	_, err = b.client.DeleteLoadBalancer(t.Context(), &elb.DeleteLoadBalancerInput{LoadBalancerArn: &b.balancer})
	b.must(err)
	_, err = b.client.DescribeListeners(t.Context(), &elb.DescribeListenersInput{ListenerArns: []string{*plain.ListenerArn}})
	wantCode(t, err, "ListenerNotFound")
	_, err = b.client.DeleteTargetGroup(t.Context(), &elb.DeleteTargetGroupInput{TargetGroupArn: &b.group})
	b.must(err)
}

// TestRules makes listeners and rules with Debian's aws, and reads the record.
func TestRules(t *testing.T) {
	b := newBalancing(t)
	cli := func(args ...string) string {
		b.t.Helper()
		return b.cli("us-east-1", append([]string{"elbv2"}, append(args, "--output", "text")...)...)
	}
	listener := cli("create-listener", "--load-balancer-arn", b.balancer, "--protocol", "HTTP", "--port", "80",
		"--default-actions", "Type=fixed-response,FixedResponseConfig={StatusCode=404}", "--query", "Listeners[0].ListenerArn")
	add := func(priority string) (string, error) {
		return b.tryCLI("us-east-1", "elbv2", "create-rule", "--listener-arn", listener, "--priority", priority, "--conditions", "Field=path-pattern,Values=/cart/*",
			"--actions", "Type=forward,TargetGroupArn="+b.group, "--query", "Rules[0].RuleArn", "--output", "text")
	}
	for _, priority := range []string{"20", "10"} {
		if out, err := add(priority); err != nil {
			t.Fatalf("%v: %s", err, out)
		}
	}
	if out, err := add("10"); err == nil || !strings.Contains(out, "(PriorityInUse)") {
		t.Errorf("%v: %s", err, out)
	}
	if got := cli("describe-rules", "--listener-arn", listener, "--query", "Rules[].[Priority,Actions[0].Type]"); got != "10\tforward\n20\tforward\ndefault\tfixed-response" {
		t.Errorf("the rules are %s", got)
	}
	first := cli("describe-rules", "--listener-arn", listener, "--query", "Rules[0].RuleArn")
	cli("modify-rule", "--rule-arn", first, "--actions", "Type=redirect,RedirectConfig={Protocol=HTTPS,Port=443,StatusCode=HTTP_302}")
	last := cli("describe-rules", "--listener-arn", listener, "--query", "Rules[-1].RuleArn")
	if out, err := b.tryCLI("us-east-1", "elbv2", "delete-rule", "--rule-arn", last); err == nil || !strings.Contains(out, "(OperationNotPermitted)") {
		t.Errorf("%v: %s", err, out)
	}
	cli("delete-rule", "--rule-arn", first)
	if got := cli("describe-rules", "--listener-arn", listener, "--query", "length(Rules)"); got != "2" {
		t.Errorf("%s rules are left", got)
	}
	for _, e := range b.delivered(7) {
		if detail, _ := e["detail"].(map[string]any); detail["eventName"] == "CreateListener" {
			wantRecord(t, e, "CreateListener", "", `{"loadBalancerArn":"*","protocol":"HTTP","port":80,"defaultActions":[{"type":"fixed-response","fixedResponseConfig":{"statusCode":"404"}}]}`,
				`{"listeners":[{"listenerArn":"*","loadBalancerArn":"*","port":80,"protocol":"HTTP","defaultActions":[{"type":"fixed-response","fixedResponseConfig":{"statusCode":"404"}}]}]}`)
			if raw, err := json.Marshal(detail["apiVersion"]); err != nil || string(raw) != `"2015-12-01"` {
				t.Errorf("the version is %s, which tells it from classic load balancers", raw)
			}
			return
		}
	}
	t.Error("nobody tells of the listener")
}

package elb_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	"github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"

	"riposte.dev/action"
	"riposte.dev/action/actiontest"
	"riposte.dev/action/awscall"
	"riposte.dev/action/elb"
	"riposte.dev/fault"
	"riposte.dev/sandbox"
)

// cloud is one with an application load balancer.
type cloud struct {
	*actiontest.Cloud
	t      *testing.T
	client *sdk.Client
	arn    string
}

func newCloud(t *testing.T) cloud {
	t.Helper()
	c := cloud{Cloud: actiontest.NewCloud(t), t: t}
	c.client = sdk.NewFromConfig(c.Admin(actiontest.Account, actiontest.Region))
	c.arn = c.create("web", types.LoadBalancerTypeEnumApplication)
	c.set("routing.http.desync_mitigation_mode", "monitor")
	return c
}

func (c cloud) must(err error) {
	c.t.Helper()
	if err != nil {
		c.t.Fatal(err)
	}
}

func (c cloud) create(name string, kind types.LoadBalancerTypeEnum, tags ...types.Tag) string {
	c.t.Helper()
	out, err := c.client.CreateLoadBalancer(c.t.Context(), &sdk.CreateLoadBalancerInput{Name: &name, Type: kind, Tags: tags})
	c.must(err)
	return *out.LoadBalancers[0].LoadBalancerArn
}

func (c cloud) set(pairs ...string) {
	c.t.Helper()
	in := &sdk.ModifyLoadBalancerAttributesInput{LoadBalancerArn: &c.arn}
	for pair := range slices.Chunk(pairs, 2) {
		in.Attributes = append(in.Attributes, types.LoadBalancerAttribute{Key: &pair[0], Value: &pair[1]})
	}
	_, err := c.client.ModifyLoadBalancerAttributes(c.t.Context(), in)
	c.must(err)
}

func (c cloud) state() string {
	c.t.Helper()
	out, err := c.client.DescribeLoadBalancerAttributes(c.t.Context(), &sdk.DescribeLoadBalancerAttributesInput{LoadBalancerArn: &c.arn})
	c.must(err)
	var lines []string
	for _, a := range out.Attributes {
		lines = append(lines, *a.Key+"="+*a.Value)
	}
	if slices.Contains(lines, "access_logs.s3.enabled=false") { // where they went before doesn't matter
		lines = slices.DeleteFunc(lines, func(l string) bool {
			return strings.HasPrefix(l, "access_logs.s3.bucket") || strings.HasPrefix(l, "access_logs.s3.prefix")
		})
	}
	return strings.Join(lines, "\n")
}

func request(format string, args ...any) action.Request {
	return action.Request{Account: actiontest.Account, Region: actiontest.Region, Params: fmt.Appendf(nil, format, args...)}
}

func TestConformance(t *testing.T) {
	for _, tt := range []struct {
		name      string
		newAction func(*awscall.Caller) action.Action
		more      string
		interfere []string
	}{
		{"drop headers", elb.NewDropInvalidHeaders, "", nil},
		{"protect", elb.NewEnableDeletionProtection, "", nil},
		{"desync", elb.NewMitigateDesync, "", []string{"routing.http.desync_mitigation_mode", "strictest"}},
		{"log", elb.NewEnableAccessLogs, `,"bucket":"my-logs","prefix":"web"`, []string{"access_logs.s3.bucket", "others"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			actiontest.Run(t, func(t *testing.T) actiontest.World {
				c := newCloud(t)
				w := actiontest.World{
					Action:  func(permissions []string) action.Action { return tt.newAction(c.Caller(permissions)) },
					Request: request(`{"load_balancer_arn":%q%s}`, c.arn, tt.more),
					Missing: json.RawMessage(fmt.Sprintf(`{"load_balancer_arn":%q%s}`, c.arn+"0", tt.more)),
					State:   c.state, Writes: c.Writes,
					Stale: func(reads int) {
						c.AddStaleness(sandbox.Staleness{Service: "elbv2", Operation: "ModifyLoadBalancerAttributes", Reads: reads})
					},
				}
				if tt.interfere != nil {
					w.Interfere = func() { c.set(tt.interfere...) }
				}
				return w
			})
		})
	}
}

func TestLoadBalancersThatAreLeft(t *testing.T) {
	c := newCloud(t)
	ingress := c.create("ingress", types.LoadBalancerTypeEnumNetwork, types.Tag{Key: aws.String("elbv2.k8s.aws/cluster"), Value: aws.String("shop")})
	c.set("routing.http.desync_mitigation_mode", "strictest", "access_logs.s3.enabled", "true", "access_logs.s3.bucket", "others")
	for _, tt := range []struct {
		newAction func(*awscall.Caller) action.Action
		params    string
		status    action.Status
		says      string
	}{
		{elb.NewMitigateDesync, `{"load_balancer_arn":"` + c.arn + `"}`, action.Unneeded, "is strictest"},
		{elb.NewEnableAccessLogs, `{"load_balancer_arn":"` + c.arn + `","bucket":"my-logs"}`, action.Unneeded, "into the bucket others"},
		{elb.NewEnableDeletionProtection, `{"load_balancer_arn":"` + ingress + `"}`, action.Escalated, "cluster shop"},
	} {
		actiontest.Want(t, c.Item(tt.newAction(c.Caller(tt.newAction(nil).Spec().Permissions)), request("%s", tt.params)), tt.status, tt.says)
	}
	for params, newAction := range map[string]func(*awscall.Caller) action.Action{
		`{"load_balancer_arn":"` + ingress + `"}`:                                                       elb.NewDropInvalidHeaders,
		`{"load_balancer_arn":"web"}`:                                                                   elb.NewEnableDeletionProtection,
		`{"load_balancer_arn":"` + strings.Replace(c.arn, "eu-west-1", "us-east-1", 1) + `"}`:           elb.NewEnableDeletionProtection,
		`{"load_balancer_arn":"` + strings.Replace(c.arn, actiontest.Account, "444455556666", 1) + `"}`: elb.NewEnableDeletionProtection,
		`{"load_balancer_arn":"` + c.arn + `","bucket":"a/b"}`:                                          elb.NewEnableAccessLogs,
		`{"load_balancer_arn":"` + c.arn + `","bucket":"my-logs","prefix":"AWSLogs"}`:                   elb.NewEnableAccessLogs,
	} {
		_, err := newAction(c.Caller(newAction(nil).Spec().Permissions)).Plan(t.Context(), request("%s", params))
		if fault.CodeOf(err) != fault.Invalid || fault.Hint(err) == "" {
			t.Errorf("%s: %v, want it refused with a hint", params, err)
		}
	}
}

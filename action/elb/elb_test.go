package elb_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	"github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"

	"riposte.dev/action"
	"riposte.dev/action/actiontest"
	"riposte.dev/action/elb"
	"riposte.dev/fault"
)

// cloud is one with an application load balancer.
type cloud struct {
	*actiontest.Cloud
	client *sdk.Client
	arn    string
}

func newCloud(t *testing.T) cloud {
	t.Helper()
	c := cloud{Cloud: actiontest.NewCloud(t)}
	c.client = sdk.NewFromConfig(c.Admin(actiontest.Account, actiontest.Region))
	c.arn = c.create("web", types.LoadBalancerTypeEnumApplication)
	c.set("routing.http.desync_mitigation_mode", "monitor")
	return c
}

func (c cloud) create(name string, kind types.LoadBalancerTypeEnum, tags ...types.Tag) string {
	c.T.Helper()
	out, err := c.client.CreateLoadBalancer(c.T.Context(), &sdk.CreateLoadBalancerInput{Name: &name, Type: kind, Tags: tags})
	c.Must(err)
	return *out.LoadBalancers[0].LoadBalancerArn
}

func (c cloud) set(pairs ...string) {
	c.T.Helper()
	in := &sdk.ModifyLoadBalancerAttributesInput{LoadBalancerArn: &c.arn}
	for pair := range slices.Chunk(pairs, 2) {
		in.Attributes = append(in.Attributes, types.LoadBalancerAttribute{Key: &pair[0], Value: &pair[1]})
	}
	_, err := c.client.ModifyLoadBalancerAttributes(c.T.Context(), in)
	c.Must(err)
}

func (c cloud) state() string {
	c.T.Helper()
	out, err := c.client.DescribeLoadBalancerAttributes(c.T.Context(), &sdk.DescribeLoadBalancerAttributesInput{LoadBalancerArn: &c.arn})
	c.Must(err)
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

func params(arn, more string) string { return `{"load_balancer_arn":"` + arn + `"` + more + `}` }

func TestConformance(t *testing.T) {
	for _, tt := range []struct {
		name      string
		newAction actiontest.NewAction
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
				w := c.World(tt.newAction, params(c.arn, tt.more), params(c.arn+"0", tt.more), c.state)
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
	auto := c.create("auto", types.LoadBalancerTypeEnumNetwork, types.Tag{Key: aws.String("eks:eks-cluster-name"), Value: aws.String("pay")})
	c.set("routing.http.desync_mitigation_mode", "strictest", "access_logs.s3.enabled", "true", "access_logs.s3.bucket", "others")
	for _, tt := range []struct {
		newAction actiontest.NewAction
		params    string
		status    action.Status
		says      string
	}{
		{elb.NewMitigateDesync, `{"load_balancer_arn":"` + c.arn + `"}`, action.Unneeded, "is strictest"},
		{elb.NewEnableAccessLogs, `{"load_balancer_arn":"` + c.arn + `","bucket":"my-logs"}`, action.Unneeded, "into the bucket others"},
		{elb.NewEnableDeletionProtection, `{"load_balancer_arn":"` + ingress + `"}`, action.Escalated, "cluster shop"},
		{elb.NewEnableDeletionProtection, `{"load_balancer_arn":"` + auto + `"}`, action.Escalated, "cluster pay"},
	} {
		actiontest.Want(t, c.Plan(tt.newAction, tt.params), tt.status, tt.says)
	}
	for params, newAction := range map[string]actiontest.NewAction{
		`{"load_balancer_arn":"` + ingress + `"}`:                                                       elb.NewDropInvalidHeaders,
		`{"load_balancer_arn":"web"}`:                                                                   elb.NewEnableDeletionProtection,
		`{"load_balancer_arn":"` + strings.Replace(c.arn, "eu-west-1", "us-east-1", 1) + `"}`:           elb.NewEnableDeletionProtection,
		`{"load_balancer_arn":"` + strings.Replace(c.arn, actiontest.Account, "444455556666", 1) + `"}`: elb.NewEnableDeletionProtection,
		`{"load_balancer_arn":"` + c.arn + `","bucket":"a/b"}`:                                          elb.NewEnableAccessLogs,
		`{"load_balancer_arn":"` + c.arn + `","bucket":"my-logs","prefix":"AWSLogs"}`:                   elb.NewEnableAccessLogs,
	} {
		_, err := c.Action(newAction).Plan(t.Context(), actiontest.Request(params))
		if fault.CodeOf(err) != fault.Invalid || fault.Hint(err) == "" {
			t.Errorf("%s: %v, want it refused with a hint", params, err)
		}
	}
}

package sandbox_test

import (
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	elb "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	"github.com/aws/aws-sdk-go-v2/service/wafv2"
	"github.com/aws/aws-sdk-go-v2/service/wafv2/types"

	"riposte.dev/sandbox"
)

// TestWebACLs makes a web ACL with Debian's aws, and puts a load balancer behind it.
func TestWebACLs(t *testing.T) {
	w, ctx := newWorld(t, sandbox.Options{}), t.Context()
	cli := func(args ...string) string {
		t.Helper()
		return w.cli("us-east-1", append([]string{"wafv2"}, append(args, "--output", "text")...)...)
	}
	made := strings.Fields(cli("create-web-acl", "--name", "site", "--scope", "REGIONAL", "--default-action", "Allow={}",
		"--visibility-config", "SampledRequestsEnabled=false,CloudWatchMetricsEnabled=false,MetricName=site", "--query", "Summary.[ARN,Id,LockToken]"))
	if !strings.Contains(made[0], ":regional/webacl/site/") {
		t.Errorf("it is %v", made)
	}
	cfg := w.config(w.root, "us-east-1")
	balancer, err := elb.NewFromConfig(cfg).CreateLoadBalancer(ctx, &elb.CreateLoadBalancerInput{Name: aws.String("shop")})
	if err != nil {
		t.Fatal(err)
	}
	resource := *balancer.LoadBalancers[0].LoadBalancerArn
	client := wafv2.NewFromConfig(cfg)
	associate := func(resource, acl string) error {
		_, err := client.AssociateWebACL(ctx, &wafv2.AssociateWebACLInput{ResourceArn: &resource, WebACLArn: &acl})
		return err
	}
	wantCode(t, associate(resource+"0", made[0]), "WAFNonexistentItemException")
	wantCode(t, associate(resource, made[0]+"0"), "WAFNonexistentItemException")
	wantCode(t, associate(strings.Replace(resource, "/app/", "/net/", 1), made[0]), "WAFInvalidParameterException")
	_, err = client.CreateWebACL(ctx, &wafv2.CreateWebACLInput{
		Name: aws.String("site"), Scope: types.ScopeRegional, DefaultAction: &types.DefaultAction{Block: &types.BlockAction{}},
		VisibilityConfig: &types.VisibilityConfig{MetricName: aws.String("site")},
	})
	wantCode(t, err, "WAFDuplicateItemException")
	of := func() string {
		return cli("get-web-acl-for-resource", "--resource-arn", resource, "--query", "WebACL.Name")
	}
	if got := of(); got != "None" {
		t.Errorf("before, %s looks at it", got)
	}
	if err := associate(resource, made[0]); err != nil {
		t.Fatal(err)
	}
	if got := of(); got != "site" {
		t.Errorf("%s looks at it", got)
	}
	remove := []string{"wafv2", "delete-web-acl", "--name", "site", "--scope", "REGIONAL", "--id", made[1], "--lock-token", made[2]}
	if out, err := w.tryCLI("us-east-1", remove...); err == nil || !strings.Contains(out, "(WAFAssociatedItemException)") {
		t.Errorf("%v: %s", err, out)
	}
	cli("disassociate-web-acl", "--resource-arn", resource)
	if got := of(); got != "None" {
		t.Errorf("afterwards, %s looks at it", got)
	}
	if out, err := w.tryCLI("us-east-1", remove...); err != nil {
		t.Errorf("%v: %s", err, out)
	}
	if got := cli("list-web-acls", "--scope", "REGIONAL", "--query", "length(WebACLs)"); got != "0" {
		t.Errorf("%s are left", got)
	}
	seen := 0
	for _, e := range w.delivered(10) {
		detail, _ := e["detail"].(map[string]any)
		if detail["errorCode"] != nil {
			continue
		}
		switch detail["eventName"] {
		case "AssociateWebACL":
			wantRecord(t, e, "AssociateWebACL", "", `{"webACLArn":"`+made[0]+`","resourceArn":"`+resource+`"}`, "null")
			seen++
		case "DisassociateWebACL":
			wantRecord(t, e, "DisassociateWebACL", "", `{"resourceArn":"`+resource+`"}`, "null")
			seen++
		}
	}
	if seen != 2 {
		t.Errorf("%d of both are told of", seen)
	}
}

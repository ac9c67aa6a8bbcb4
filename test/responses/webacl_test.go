package responses

import (
	"github.com/aws/aws-sdk-go-v2/aws"
	elb "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	"github.com/aws/aws-sdk-go-v2/service/wafv2"
	"github.com/aws/aws-sdk-go-v2/service/wafv2/types"
)

// webACLs are the stories of AWS WAF.
var webACLs = []story{
	{rule: "web-acl-taken-off", playbook: "restore-web-acl", calls: []string{"wafv2:AssociateWebACL"}, right: "protected", stage: func(e *engine) (scene, error) {
		name, client := e.name("shop"), wafv2.NewFromConfig(e.admin)
		balancer, err := elb.NewFromConfig(e.admin).CreateLoadBalancer(e.ctx, &elb.CreateLoadBalancerInput{Name: &name})
		if err != nil {
			return scene{}, err
		}
		acl, err := client.CreateWebACL(e.ctx, &wafv2.CreateWebACLInput{
			Name: &name, Scope: types.ScopeRegional, DefaultAction: &types.DefaultAction{Allow: &types.AllowAction{}},
			VisibilityConfig: &types.VisibilityConfig{MetricName: &name},
		})
		if err != nil {
			return scene{}, err
		}
		arn := balancer.LoadBalancers[0].LoadBalancerArn
		_, err = client.AssociateWebACL(e.ctx, &wafv2.AssociateWebACLInput{ResourceArn: arn, WebACLArn: acl.Summary.ARN})
		return scene{*arn, func() error {
			_, err := client.DisassociateWebACL(e.ctx, &wafv2.DisassociateWebACLInput{ResourceArn: arn})
			return err
		}, func() (string, error) {
			out, err := client.GetWebACLForResource(e.ctx, &wafv2.GetWebACLForResourceInput{ResourceArn: arn})
			if err != nil {
				return "", err
			}
			if out.WebACL != nil && aws.ToString(out.WebACL.ARN) == *acl.Summary.ARN {
				return "protected", nil
			}
			return "open", nil
		}}, err
	}},
}

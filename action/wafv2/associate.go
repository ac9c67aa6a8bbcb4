package wafv2

import (
	"context"
	"encoding/json"
	"regexp"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/apigateway"
	elb "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	"github.com/aws/aws-sdk-go-v2/service/wafv2"
	"github.com/aws/aws-sdk-go-v2/service/wafv2/types"

	"riposte.dev/action"
	"riposte.dev/action/awscall"
	"riposte.dev/action/setting"
	"riposte.dev/fault"
)

type associateParams struct {
	Resource string `json:"resource_arn"`
	ACL      string `json:"web_acl_arn"`
}

// protection is which web ACL looks at the requests for a resource.
type protection struct {
	ACL string `json:"web_acl"` // ARN; "" for none
}

var (
	aclARN      = regexp.MustCompile(`^arn:aws[a-z-]*:wafv2:([a-z0-9-]+):([0-9]{12}):regional/webacl/([A-Za-z0-9_-]{1,128})/([0-9a-f-]{36})$`)
	balancerARN = regexp.MustCompile(`^arn:aws[a-z-]*:elasticloadbalancing:([a-z0-9-]+):([0-9]{12}):loadbalancer/app/([A-Za-z0-9-]+)/[0-9a-f]+$`)
	stageARN    = regexp.MustCompile(`^arn:aws[a-z-]*:apigateway:([a-z0-9-]+)::/restapis/([a-z0-9]+)/stages/([A-Za-z0-9_-]+)$`)
)

// NewAssociateWebACL returns the action wafv2.associate-web-acl.
func NewAssociateWebACL(caller *awscall.Caller) action.Action {
	return setting.New(caller, associate())
}

func associate() setting.Setting[associateParams, protection] {
	return setting.Setting[associateParams, protection]{
		Spec: action.Spec{
			Name:  "wafv2.associate-web-acl",
			Title: "Put a load balancer or API behind a web ACL",
			Description: "Has a regional web ACL of AWS WAF look at the requests for an application load balancer or a stage of a REST API that none looks at. " +
				"One that has a web ACL keeps it. Whom the web ACL blocks is shut out, customers too where its rules are wrong: try them with the action Count " +
				"first. AWS charges for each request. AWS spreads the change within minutes.",
			Parameters: json.RawMessage(`{"type": "object", "additionalProperties": false, "required": ["resource_arn", "web_acl_arn"], "properties": {
  "resource_arn": {"type": "string", "pattern": "^arn:aws[a-z-]*:(elasticloadbalancing:[a-z0-9-]+:[0-9]{12}:loadbalancer/app/.+|apigateway:[a-z0-9-]+::/restapis/.+/stages/.+)$",
    "description": "ARN of an application load balancer, or of a stage of a REST API"},
  "web_acl_arn": {"type": "string", "pattern": "^arn:aws[a-z-]*:wafv2:[a-z0-9-]+:[0-9]{12}:regional/webacl/[A-Za-z0-9_-]+/[0-9a-f-]{36}$",
    "description": "ARN of the web ACL, of the same account and region"}}}`),
			Permissions: []string{
				"wafv2:GetWebACL", "wafv2:GetWebACLForResource", "wafv2:AssociateWebACL", "wafv2:DisassociateWebACL",
				"elasticloadbalancing:DescribeTags", "elasticloadbalancing:GetLoadBalancerWebACL", "elasticloadbalancing:CreateWebACLAssociation",
				"elasticloadbalancing:DeleteWebACLAssociation", "elasticloadbalancing:SetWebAcl", "apigateway:GET", "apigateway:SetWebACL",
			},
			Within: map[string]action.Limit{"apigateway:GET": {Resources: []string{"arn:P:apigateway:*::/restapis/*/stages/*"}}},
			Effect: action.StateChecked,
		},
		Find: findProtected, Read: readProtection,
		Want: func(_ action.Resource, p associateParams, now protection) (protection, string, error) {
			if now.ACL != "" {
				return now, "The web ACL " + now.ACL + " looks at its requests already.", nil
			}
			return protection{ACL: p.ACL}, "No web ACL looks at its requests.", nil
		},
		Steps: func(r action.Resource, _, to protection) ([]setting.Step[protection], error) {
			if to.ACL == "" {
				return []setting.Step[protection]{{Operation: "DisassociateWebACL", Input: map[string]any{"ResourceArn": r.ARN}, Leaves: to}}, nil
			}
			input := map[string]any{"ResourceArn": r.ARN, "WebACLArn": to.ACL}
			return []setting.Step[protection]{{Operation: "AssociateWebACL", Input: input, Leaves: to}}, nil
		},
		Operations: map[string]setting.Operation{
			"AssociateWebACL":    setting.Op(wafv2.NewFromConfig, (*wafv2.Client).AssociateWebACL),
			"DisassociateWebACL": setting.Op(wafv2.NewFromConfig, (*wafv2.Client).DisassociateWebACL),
		},
	}
}

// findProtected returns the load balancer or stage with its tags, once the web ACL is known to be there.
func findProtected(ctx context.Context, cfg aws.Config, req action.Request, p associateParams) ([]action.Resource, error) {
	if err := checkACL(ctx, cfg, req, p.ACL); err != nil {
		return nil, err
	}
	r, err := protected(ctx, cfg, req, p.Resource)
	return []action.Resource{r}, err
}

// checkACL looks whether the web ACL is there.
func checkACL(ctx context.Context, cfg aws.Config, req action.Request, arn string) error {
	acl := aclARN.FindStringSubmatch(arn)
	if acl == nil || acl[1] != req.Region || acl[2] != req.Account {
		return fault.New(fault.Invalid, "web_acl_arn %.200q is no regional web ACL of account %s in %s", arn, req.Account, req.Region).
			WithHint("aws wafv2 list-web-acls --scope REGIONAL shows them; those of CloudFront go into a distribution's configuration")
	}
	in := &wafv2.GetWebACLInput{Name: &acl[3], Id: &acl[4], Scope: types.ScopeRegional}
	_, err := wafv2.NewFromConfig(cfg).GetWebACL(ctx, in)
	return awscall.Missing(awscall.Fault(err, "wafv2:GetWebACL", "look at the web ACL %s", acl[3]), "there is no web ACL "+arn,
		"it was deleted; aws wafv2 list-web-acls --scope REGIONAL shows those that are there")
}

func protected(ctx context.Context, cfg aws.Config, req action.Request, arn string) (action.Resource, error) {
	r := action.Resource{ARN: arn, Account: req.Account, Region: req.Region, Tags: map[string]string{}}
	if of := balancerARN.FindStringSubmatch(arn); of != nil && of[1] == req.Region && of[2] == req.Account {
		r.Type, r.Name = "AWS::ElasticLoadBalancingV2::LoadBalancer", of[3]
		out, err := elb.NewFromConfig(cfg).DescribeTags(ctx, &elb.DescribeTagsInput{ResourceArns: []string{arn}})
		if err != nil {
			return r, goneProtected(err, "elasticloadbalancing:DescribeTags", arn)
		}
		for _, d := range out.TagDescriptions {
			for _, t := range d.Tags {
				r.Tags[aws.ToString(t.Key)] = aws.ToString(t.Value)
			}
		}
		return r, nil
	}
	if of := stageARN.FindStringSubmatch(arn); of != nil && of[1] == req.Region {
		r.Type, r.Name = "AWS::ApiGateway::Stage", of[2]+"/"+of[3]
		out, err := apigateway.NewFromConfig(cfg).GetStage(ctx, &apigateway.GetStageInput{RestApiId: &of[2], StageName: &of[3]})
		if err != nil {
			return r, goneProtected(err, "apigateway:GET", arn)
		}
		for k, v := range out.Tags {
			r.Tags[k] = v
		}
		return r, nil
	}
	return r, fault.New(fault.Invalid, "resource_arn %.200q is no application load balancer of account %s in %s, and no stage of a REST API there", arn, req.Account, req.Region).
		WithHint("give arn:%s:elasticloadbalancing:%s:%s:loadbalancer/app/NAME/ID or arn:%[1]s:apigateway:%[2]s::/restapis/API/stages/STAGE",
			awscall.Partition(req.Region), req.Region, req.Account)
}

func goneProtected(err error, permission, arn string) error {
	return awscall.Missing(awscall.Fault(err, permission, "look at %s", arn), "there is no "+arn, "it is gone, or in another region")
}

func readProtection(ctx context.Context, cfg aws.Config, r action.Resource) (protection, error) {
	out, err := wafv2.NewFromConfig(cfg).GetWebACLForResource(ctx, &wafv2.GetWebACLForResourceInput{ResourceArn: &r.ARN})
	if err != nil {
		return protection{}, goneProtected(err, "wafv2:GetWebACLForResource", r.ARN)
	}
	if out.WebACL == nil {
		return protection{}, nil
	}
	return protection{ACL: aws.ToString(out.WebACL.ARN)}, nil
}

package wafv2_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/apigateway"
	elb "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	elbtypes "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"
	sdk "github.com/aws/aws-sdk-go-v2/service/wafv2"
	"github.com/aws/aws-sdk-go-v2/service/wafv2/types"

	"riposte.dev/action"
	"riposte.dev/action/actiontest"
	"riposte.dev/action/wafv2"
	"riposte.dev/fault"
)

// site is a cloud with a load balancer and a stage that no web ACL looks at, and two web ACLs.
type site struct {
	*actiontest.Cloud
	client          *sdk.Client
	balancer, stage string
	acl, other      string
}

func newSite(t *testing.T) site {
	t.Helper()
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	s := site{Cloud: actiontest.NewCloud(t)}
	cfg := s.Admin(actiontest.Account, actiontest.Region)
	s.client = sdk.NewFromConfig(cfg)
	for name, arn := range map[string]*string{"site": &s.acl, "other": &s.other} {
		out, err := s.client.CreateWebACL(t.Context(), &sdk.CreateWebACLInput{
			Name: &name, Scope: types.ScopeRegional, DefaultAction: &types.DefaultAction{Allow: &types.AllowAction{}},
			VisibilityConfig: &types.VisibilityConfig{MetricName: &name},
		})
		must(err)
		*arn = *out.Summary.ARN
	}
	balancer, err := elb.NewFromConfig(cfg).CreateLoadBalancer(t.Context(), &elb.CreateLoadBalancerInput{
		Name: aws.String("shop"), Tags: []elbtypes.Tag{{Key: aws.String("team"), Value: aws.String("shop")}},
	})
	must(err)
	s.balancer = *balancer.LoadBalancers[0].LoadBalancerArn
	apis := apigateway.NewFromConfig(cfg)
	api, err := apis.CreateRestApi(t.Context(), &apigateway.CreateRestApiInput{Name: aws.String("orders")})
	must(err)
	deployment, err := apis.CreateDeployment(t.Context(), &apigateway.CreateDeploymentInput{RestApiId: api.Id})
	must(err)
	_, err = apis.CreateStage(t.Context(), &apigateway.CreateStageInput{
		RestApiId: api.Id, StageName: aws.String("prod"), DeploymentId: deployment.Id, Tags: map[string]string{"team": "orders"},
	})
	must(err)
	s.stage = "arn:aws:apigateway:" + actiontest.Region + "::/restapis/" + *api.Id + "/stages/prod"
	return s
}

// behind are the web ACLs of both.
func (s site) behind() string {
	s.T.Helper()
	var acls []string
	for _, arn := range []string{s.balancer, s.stage} {
		out, err := s.client.GetWebACLForResource(s.T.Context(), &sdk.GetWebACLForResourceInput{ResourceArn: &arn})
		if err != nil {
			s.T.Fatal(err)
		}
		acl := "none"
		if out.WebACL != nil {
			acl = *out.WebACL.ARN
		}
		acls = append(acls, acl)
	}
	return strings.Join(acls, " ")
}

func (s site) put(resource, acl string) {
	s.T.Helper()
	if _, err := s.client.AssociateWebACL(s.T.Context(), &sdk.AssociateWebACLInput{ResourceArn: &resource, WebACLArn: &acl}); err != nil {
		s.T.Fatal(err)
	}
}

func params(resource, acl string) string {
	raw, err := json.Marshal(map[string]string{"resource_arn": resource, "web_acl_arn": acl})
	if err != nil {
		panic(err) // two strings
	}
	return string(raw)
}

func TestAssociateConformance(t *testing.T) {
	for _, tt := range []struct {
		name      string
		resource  func(site) string
		elsewhere []string
	}{
		{"a load balancer", func(s site) string { return s.balancer }, []string{"apigateway:GET", "apigateway:SetWebACL"}},
		{"a stage", func(s site) string { return s.stage }, []string{
			"elasticloadbalancing:DescribeTags", "elasticloadbalancing:GetLoadBalancerWebACL", "elasticloadbalancing:CreateWebACLAssociation",
			"elasticloadbalancing:DeleteWebACLAssociation", "elasticloadbalancing:SetWebAcl",
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			actiontest.Run(t, func(t *testing.T) actiontest.World {
				s := newSite(t)
				resource := tt.resource(s)
				missing := strings.Replace(strings.Replace(resource, "/app/shop/", "/app/shop/0", 1), "/stages/prod", "/stages/none", 1)
				w := s.World(wafv2.NewAssociateWebACL, params(resource, s.acl), params(missing, s.acl), s.behind)
				w.Interfere, w.Elsewhere = func() { s.put(resource, s.other) }, tt.elsewhere
				return w
			})
		})
	}
}

func TestWhatHasAWebACL(t *testing.T) {
	s := newSite(t)
	s.put(s.stage, s.other)
	a := s.Action(wafv2.NewAssociateWebACL)
	item := s.Item(a, actiontest.Request(params(s.stage, s.acl)))
	actiontest.Want(t, item, action.Unneeded, s.other+" looks at its requests already")
	if item.Resource.Tags["team"] != "orders" || item.Resource.Type != "AWS::ApiGateway::Stage" {
		t.Errorf("it is %+v", item.Resource)
	}
	item = s.Item(a, actiontest.Request(params(s.balancer, s.acl)))
	if item.Resource.Tags["team"] != "shop" || item.Resource.Name != "shop" {
		t.Errorf("it is %+v", item.Resource)
	}
	gone := s.acl[:strings.LastIndexByte(s.acl, '/')] + "/00000000-0000-4000-8000-000000000000"
	for p, code := range map[string]fault.Code{
		params(s.balancer, gone): fault.NotFound,
		params(s.balancer, strings.Replace(s.acl, ":regional/", ":global/", 1)):                 fault.Invalid,
		params(s.balancer, strings.Replace(s.acl, actiontest.Region, "us-east-1", 1)):           fault.Invalid,
		params(s.balancer, strings.Replace(s.acl, actiontest.Account, "444455556666", 1)):       fault.Invalid,
		params(strings.Replace(s.balancer, "/app/", "/net/", 1), s.acl):                         fault.Invalid,
		params(strings.Replace(s.balancer, actiontest.Account, "444455556666", 1), s.acl):       fault.Invalid,
		params(strings.Replace(s.stage, actiontest.Region, "us-east-1", 1), s.acl):              fault.Invalid,
		params("arn:aws:cloudfront::"+actiontest.Account+":distribution/E1A2B3C4D5E6F7", s.acl): fault.Invalid,
	} {
		if _, err := a.Plan(t.Context(), actiontest.Request(p)); fault.CodeOf(err) != code || fault.Hint(err) == "" {
			t.Errorf("%s: %v, want code %s and a hint", p, err, code)
		}
	}
}

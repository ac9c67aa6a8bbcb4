package sandbox

import (
	"strings"

	"riposte.dev/sandbox/wire"
)

// associationOperations are those on what web ACLs protect: application load
// balancers and stages of REST APIs. Who may do them needs permissions of the
// resource's service too: those that the operations' table in
// https://docs.aws.amazon.com/service-authorization/latest/reference/list_wafv2.html
// names.
func associationOperations() []operation {
	protected := func(c *call) []string { return []string{c.in.str("ResourceArn")} }
	of := func(name string, resources func(*call) []string, handle func(*call) (wire.Object, error), balancer []string, stage ...string) operation {
		return operation{name: name, resources: resources, handle: handle, also: func(c *call) []need {
			var needs []need
			actions := stage
			if strings.Contains(c.in.str("ResourceArn"), ":elasticloadbalancing:") {
				actions = balancer
			}
			for _, action := range actions {
				needs = append(needs, need{action, c.in.str("ResourceArn")})
			}
			return needs
		}}
	}
	return []operation{
		of("AssociateWebACL", func(c *call) []string { return []string{c.in.str("WebACLArn")} }, associateWebACL,
			[]string{"elasticloadbalancing:CreateWebACLAssociation", "elasticloadbalancing:SetWebAcl"}, "apigateway:SetWebACL"),
		of("DisassociateWebACL", protected, disassociateWebACL,
			[]string{"elasticloadbalancing:DeleteWebACLAssociation", "elasticloadbalancing:SetWebAcl"}, "apigateway:SetWebACL"),
		of("GetWebACLForResource", protected, getWebACLForResource, []string{"elasticloadbalancing:GetLoadBalancerWebACL"}),
	}
}

// protectable reports whether the account has an application load balancer or
// a stage of a REST API with the ARN in the region.
func (c *call) protectable(resource string) bool {
	if firstWhere(c.targetGroups().balancers, func(b *loadBalancer) bool { return b.arn == resource && b.kind == "application" }) != nil {
		return true
	}
	return c.stageAt(resource) != nil
}

// stageAt is the stage of a REST API with the ARN; nil where there is none.
func (c *call) stageAt(resource string) *apiStage {
	path, ok := strings.CutPrefix(resource, arn("apigateway", c.region, "", "/restapis/"))
	id, name, named := strings.Cut(path, "/stages/")
	api := firstWhere(c.restAPIs().apis, func(a *restAPI) bool { return a.id == id })
	if !ok || !named || api == nil {
		return nil
	}
	return firstWhere(api.stages, func(s *apiStage) bool { return s.name == name })
}

// checkProtected refuses what is not there, or can't be protected.
func (c *call) checkProtected() error {
	resource := c.in.str("ResourceArn")
	isBalancer := strings.Contains(resource, ":elasticloadbalancing:") && strings.Contains(resource, ":loadbalancer/app/")
	isStage := strings.Contains(resource, ":apigateway:") && strings.Contains(resource, "/stages/")
	switch {
	case !isBalancer && !isStage:
		return wafInvalid("The ARN isn't valid. A valid ARN begins with arn: and includes other information separated by colons or slashes., field: RESOURCE_ARN, parameter: " + resource)
	case !c.protectable(resource):
		return noWAFItem()
	}
	return nil
}

// associateWebACL puts the web ACL in the place of the one before.
func associateWebACL(c *call) (wire.Object, error) {
	if err := c.checkProtected(); err != nil {
		return nil, err
	}
	s := c.ipSets()
	a := firstWhere(s.acls, func(a *webACL) bool { return a.arn == c.in.str("WebACLArn") })
	switch {
	case a == nil:
		return nil, noWAFItem()
	case a.scope != "REGIONAL":
		return nil, wafInvalid("The scope is not valid., field: SCOPE_VALUE, parameter: CLOUDFRONT")
	}
	s.behind[c.in.str("ResourceArn")] = a.arn
	return wire.Object{}, nil
}

func disassociateWebACL(c *call) (wire.Object, error) {
	if err := c.checkProtected(); err != nil {
		return nil, err
	}
	delete(c.ipSets().behind, c.in.str("ResourceArn"))
	return wire.Object{}, nil
}

// getWebACLForResource answers nothing where there is none.
func getWebACLForResource(c *call) (wire.Object, error) {
	if err := c.checkProtected(); err != nil {
		return nil, err
	}
	s := c.ipSets()
	a := firstWhere(s.acls, func(a *webACL) bool { return a.arn == s.behind[c.in.str("ResourceArn")] })
	if a == nil {
		return wire.Object{}, nil
	}
	return wire.Object{"WebACL": a.describe()}, nil
}

package sandbox

import (
	"net/http"

	"riposte.dev/sandbox/policy"
	"riposte.dev/sandbox/wire"
)

// ec2Service answers for VPCs, security groups, their rules, instances with
// their interfaces and volumes, snapshots, and tags
// (https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_Operations.html).
// Actions and resources are those of
// https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonec2.html.
func ec2Service() *service {
	permissions := recordShape{ec2Names: map[string]string{"IpPermissions": "ipPermissions"}}
	revoked := recordShape{requestOf: revokeRecord}
	describe := func(ids, item, set string) recordShape {
		return recordShape{ec2Names: map[string]string{ids: set + "." + item, "Filters": "filterSet"}}
	}
	groups := describe("GroupIds", "groupId", "securityGroupIdSet")
	groups.ec2Names["GroupNames"] = "securityGroupSet.groupName"
	tags := recordShape{ec2Names: map[string]string{"Resources": "resourcesSet.resourceId", "Tags": "tagSet"}}
	svc := &service{
		name: "ec2", prefix: "ec2",
		operations: []operation{
			{name: "CreateVpc", resources: anyVPC, also: tagsOnCreateEC2, conditions: ec2TagRequest, handle: createVPC},
			{name: "DeleteVpc", resources: vpcOfInput, conditions: ec2VPCTags, handle: deleteVPC},
			{name: "DescribeVpcs", handle: describeVPCs, record: describe("VpcIds", "vpcId", "vpcSet")},
			{name: "DescribeRegions", handle: describeRegions, record: recordShape{ec2Names: map[string]string{"RegionNames": "regionSet.regionName"}}},

			{name: "CreateSecurityGroup", resources: newGroupResources, also: tagsOnCreateEC2, conditions: ec2TagRequest, handle: createSecurityGroup},
			{name: "DeleteSecurityGroup", resources: groupOfInput, conditions: groupConditions, handle: deleteSecurityGroup},
			{name: "DescribeSecurityGroups", handle: describeSecurityGroups, record: groups},

			{name: "AuthorizeSecurityGroupIngress", resources: groupAndNewRules, also: tagsOnCreateEC2, conditions: groupConditions, handle: authorizeIngress, record: permissions},
			{name: "AuthorizeSecurityGroupEgress", resources: groupAndNewRules, also: tagsOnCreateEC2, conditions: groupConditions, handle: authorizeEgress, record: permissions},
			{name: "RevokeSecurityGroupIngress", resources: groupOfInput, conditions: groupConditions, handle: revokeIngress, record: revoked},
			{name: "RevokeSecurityGroupEgress", resources: groupOfInput, conditions: groupConditions, handle: revokeEgress, record: revoked},
			{name: "ModifySecurityGroupRules", resources: groupAndRules, conditions: groupConditions, handle: modifySecurityGroupRules, record: wrapped()},
			{name: "DescribeSecurityGroupRules", handle: describeSecurityGroupRules, record: wrapped()},

			{name: "CreateTags", resources: taggedResources, conditions: ec2TagRequest, handle: createTags, record: tags},
			{name: "DeleteTags", resources: taggedResources, conditions: ec2TagRequest, handle: deleteTags, record: tags},
			{name: "DescribeTags", handle: describeTags, record: recordShape{ec2Names: map[string]string{"Filters": "filterSet"}}},
		},
	}
	svc.operations = append(svc.operations, instanceOperations()...)
	svc.operations = append(append(svc.operations, profileOperations()...), flowLogOperations()...)
	for i := range svc.operations {
		svc.operations[i].handle = unlessDry(svc.operations[i].handle)
	}
	return svc
}

// unlessDry stops before the work where the caller only asks whether it may.
func unlessDry(handle func(*call) (wire.Object, error)) func(*call) (wire.Object, error) {
	return func(c *call) (wire.Object, error) {
		if c.in.flag("DryRun", false) {
			return nil, &wire.Error{
				Code: "DryRunOperation", Status: http.StatusPreconditionFailed,
				Message: "Request would have succeeded, but DryRun flag is set.",
			}
		}
		return handle(c)
	}
}

func anyVPC(c *call) []string     { return []string{c.arn("vpc/*")} }
func vpcOfInput(c *call) []string { return []string{c.arn("vpc/" + c.in.str("VpcId"))} }

func newGroupResources(c *call) []string {
	out := []string{c.arn("security-group/*")}
	if v := c.vpcOfNewGroup(); v != nil {
		out = append(out, c.arn("vpc/"+v.id))
	}
	return out
}

func groupOfInput(c *call) []string {
	id := c.in.str("GroupId")
	if g, err := c.groupOfInput(); err == nil {
		id = g.id
	}
	return []string{c.arn("security-group/" + orElse(id, "*"))}
}

// groupAndNewRules is the group, and the rules where they get tags.
func groupAndNewRules(c *call) []string {
	out := groupOfInput(c)
	if len(c.in.objects("TagSpecifications")) > 0 {
		out = append(out, c.arn("security-group-rule/*"))
	}
	return out
}

func groupAndRules(c *call) []string {
	out := groupOfInput(c)
	for _, u := range c.in.objects("SecurityGroupRules") {
		out = append(out, c.arn("security-group-rule/"+u.str("SecurityGroupRuleId")))
	}
	return out
}

func taggedResources(c *call) []string {
	var out []string
	for _, id := range c.in.strs("Resources") {
		if kind := ec2Kind(id); kind != "" {
			out = append(out, c.ec2ARN(kind, id))
		}
	}
	return out
}

// ec2ARN is the ARN of a resource of EC2; those of snapshots and images have no
// account.
func (c *call) ec2ARN(kind, id string) string {
	if kind == "snapshot" || kind == "image" {
		return arn("ec2", c.region, "", kind+"/"+id)
	}
	return c.arn(kind + "/" + id)
}

// tagsOnCreateEC2 is the permission that a call needs to tag what it makes.
func tagsOnCreateEC2(c *call) []need {
	var out []need
	for _, spec := range c.in.objects("TagSpecifications") {
		out = append(out, need{"ec2:CreateTags", c.ec2ARN(spec.str("ResourceType"), "*")})
	}
	return out
}

// ec2TagRequest is the condition keys about the tags that a call sets or takes.
func ec2TagRequest(c *call) policy.Context {
	tags := c.in.objects("Tags")
	out := policy.Context{}
	for _, spec := range c.in.objects("TagSpecifications") {
		tags = append(tags, spec.objects("Tags")...)
		out["ec2:createaction"] = []string{c.op.name}
	}
	for _, t := range tags {
		out["aws:requesttag/"+lower(t.str("Key"))] = []string{t.str("Value")}
		out["aws:tagkeys"] = append(out["aws:tagkeys"], t.str("Key"))
	}
	return out
}

func ec2VPCTags(c *call) policy.Context {
	out := policy.Context{}
	if v := c.ec2().vpc(c.in.str("VpcId")); v != nil {
		addResourceTags(out, v.tags)
	}
	return out
}

func groupConditions(c *call) policy.Context {
	out := ec2TagRequest(c)
	if g, err := c.groupOfInput(); err == nil {
		addResourceTags(out, g.tags)
		out["ec2:vpc"] = []string{c.arn("vpc/" + g.vpc)}
	}
	return out
}

func addResourceTags(to policy.Context, tags map[string]string) {
	for k, v := range tags {
		to["aws:resourcetag/"+lower(k)] = []string{v}
		to["ec2:resourcetag/"+lower(k)] = []string{v}
	}
}

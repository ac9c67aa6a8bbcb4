package sandbox

import (
	"slices"

	"riposte.dev/sandbox/wire"
)

// organizationsService answers for the organisation and its accounts
// (https://docs.aws.amazon.com/organizations/latest/APIReference/API_Operations.html).
func organizationsService() *service {
	return &service{
		name: "organizations", prefix: "organizations", global: true,
		operations: []operation{
			{name: "DescribeOrganization", handle: describeOrganization},
			{name: "DescribeAccount", resources: memberResource("AccountId"), handle: describeAccount},
			{name: "ListAccounts", handle: listAccounts},
			{name: "ListTagsForResource", resources: memberResource("ResourceId"), handle: listAccountTags},
			{name: "CreatePolicy", handle: createControlPolicy},
			{name: "DescribePolicy", resources: policyResources, handle: describeControlPolicy},
			{name: "ListPolicies", handle: listControlPolicies},
			{name: "AttachPolicy", resources: policyResources, handle: attachControlPolicy},
			{name: "DetachPolicy", resources: policyResources, handle: detachControlPolicy},
			{name: "ListPoliciesForTarget", resources: policyResources, handle: listControlPoliciesForTarget},
		},
	}
}

// memberResource is the ARN of the account that an input names.
func memberResource(member string) func(c *call) []string {
	return func(c *call) []string {
		if o := c.sb.org; o != nil {
			return []string{o.accountARN(c.in.str(member))}
		}
		return nil
	}
}

func (o *organization) accountARN(id string) string {
	return arn("organizations", "", o.management, "account/"+o.id+"/"+id)
}

// organization is the caller's, or a refusal.
func (c *call) organization() (*organization, error) {
	if o := c.sb.org; o != nil && o.has(c.account.id) {
		return o, nil
	}
	return nil, wire.Errorf("AWSOrganizationsNotInUseException", "Your account is not a member of an organization.")
}

// asManagement lets the management account in alone.
func (c *call) asManagement() (*organization, error) {
	o, err := c.organization()
	if err == nil && o.management != c.account.id {
		return nil, &wire.Error{Code: "AccessDeniedException", Record: "AccessDenied", Message: "You don't have permissions to access this resource."}
	}
	return o, err
}

func describeOrganization(c *call) (wire.Object, error) {
	o, err := c.organization()
	if err != nil {
		return nil, err
	}
	return wire.Object{"Organization": wire.Object{
		"Id": o.id, "Arn": arn("organizations", "", o.management, "organization/"+o.id), "FeatureSet": "ALL",
		"MasterAccountArn": o.accountARN(o.management), "MasterAccountId": o.management,
		"MasterAccountEmail":   c.sb.accounts[o.management].email,
		"AvailablePolicyTypes": wire.List{wire.Object{"Type": "SERVICE_CONTROL_POLICY", "Status": "ENABLED"}},
	}}, nil
}

// member is an account of the caller's organisation.
func (c *call) member(o *organization, id string) (*account, bool) {
	a := c.sb.accounts[id]
	return a, a != nil && o.has(id)
}

func (o *organization) describe(a *account) wire.Object {
	joined := "CREATED"
	if a.id == o.management {
		joined = "INVITED"
	}
	return wire.Object{
		"Id": a.id, "Arn": o.accountARN(a.id), "Email": a.email, "Name": a.name, "Status": "ACTIVE",
		"JoinedMethod": joined, "JoinedTimestamp": a.joined,
	}
}

func describeAccount(c *call) (wire.Object, error) {
	o, err := c.asManagement()
	if err != nil {
		return nil, err
	}
	a, ok := c.member(o, c.in.str("AccountId"))
	if !ok {
		return nil, wire.Errorf("AccountNotFoundException", "You specified an account that doesn't exist.")
	}
	return wire.Object{"Account": o.describe(a)}, nil
}

func listAccounts(c *call) (wire.Object, error) {
	o, err := c.asManagement()
	if err != nil {
		return nil, err
	}
	ids := slices.Sorted(slices.Values(o.members))
	page, next, err := paginate(c, ids, c.in.str("NextToken"), c.in.number("MaxResults", 20))
	if err != nil {
		return nil, wire.Errorf("InvalidInputException", "You provided an invalid NextToken.")
	}
	out := wire.Object{"Accounts": list(page, func(id string) any { return o.describe(c.sb.accounts[id]) })}
	put(out, "NextToken", next)
	return out, nil
}

// listAccountTags knows accounts only.
func listAccountTags(c *call) (wire.Object, error) {
	o, err := c.asManagement()
	if err != nil {
		return nil, err
	}
	a, ok := c.member(o, c.in.str("ResourceId"))
	if !ok {
		return nil, wire.Errorf("TargetNotFoundException", "You specified a target that doesn't exist.")
	}
	return wire.Object{"Tags": tagList(a.tags)}, nil
}

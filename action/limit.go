package action

// Limit narrows a permission of a [Spec].
type Limit struct {
	// Resources are ARNs with wildcards, P for the partition and A for the account: "arn:P:ec2:*::snapshot/*". nil: all that the
	// permission can be allowed on.
	Resources []string `json:"resources,omitempty"`
	// Conditions are operator → key → values, as IAM writes them: what holds for every call that the action makes.
	Conditions map[string]map[string][]string `json:"conditions,omitempty"`
}

// PassedTo limits iam:PassRole to roles that are passed to an AWS service, such as ec2.amazonaws.com.
func PassedTo(service string) Limit {
	return Limit{Conditions: map[string]map[string][]string{"StringEquals": {"iam:PassedToService": {service}}}}
}

// LinkedRole limits iam:CreateServiceLinkedRole to the role of an AWS service, such as guardduty.amazonaws.com.
func LinkedRole(service string) Limit {
	return Limit{
		Resources:  []string{"arn:P:iam::A:role/aws-service-role/" + service + "/*"},
		Conditions: map[string]map[string][]string{"StringEquals": {"iam:AWSServiceName": {service}}},
	}
}

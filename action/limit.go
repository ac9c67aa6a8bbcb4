package action

// Limit narrows a permission of a [Spec].
type Limit struct {
	// Resources are ARNs with wildcards, P for the partition and A for the account: "arn:P:ec2:*::snapshot/*". nil: all that the
	// permission can be allowed on.
	Resources []string `json:"resources,omitempty"`
	// Conditions are operator → key → values, as IAM writes them: what holds for every call that the action makes.
	Conditions map[string]map[string][]string `json:"conditions,omitempty"`
}

// PassedTo limits iam:PassRole to roles that are passed to an AWS service, such as ssm.amazonaws.com; a service that has another
// name in China is given both.
func PassedTo(names ...string) Limit {
	return Limit{Conditions: map[string]map[string][]string{"StringEquals": {"iam:PassedToService": names}}}
}

// ViaService limits a permission on KMS keys to what an AWS service, such as dynamodb, does with them for who asks it.
func ViaService(service string) Limit {
	return Limit{Conditions: map[string]map[string][]string{"StringLike": {"kms:ViaService": {service + ".*.amazonaws.com*"}}}} // .cn in China
}

// GrantTo limits kms:CreateGrant to grants that an AWS service, such as dynamodb, makes for itself.
func GrantTo(service string) Limit {
	l := ViaService(service)
	l.Conditions["Bool"] = map[string][]string{"kms:GrantIsForAWSResource": {"true"}}
	return l
}

// LinkedRole limits iam:CreateServiceLinkedRole to the role of an AWS service, such as guardduty.amazonaws.com.
func LinkedRole(service string) Limit {
	return Limit{
		Resources:  []string{"arn:P:iam::A:role/aws-service-role/" + service + "/*"},
		Conditions: map[string]map[string][]string{"StringEquals": {"iam:AWSServiceName": {service}}},
	}
}

package iam

var ec2Facts = map[string][]string{
	"ec2:AssociateIamInstanceProfile":            {"arn:P:ec2:*:A:instance/*"},
	"ec2:AuthorizeSecurityGroupEgress":           groups,
	"ec2:AuthorizeSecurityGroupIngress":          groups,
	"ec2:CreateFlowLogs":                         {"arn:P:ec2:*:A:vpc-flow-log/*", "arn:P:ec2:*:A:vpc/*"},
	"ec2:CreateSecurityGroup":                    {"arn:P:ec2:*:A:security-group/*", "arn:P:ec2:*:A:vpc/*"},
	"ec2:CreateSnapshots":                        {"arn:P:ec2:*:A:instance/*", "arn:P:ec2:*:A:volume/*", "arn:P:ec2:*::snapshot/*"},
	"ec2:CreateTags":                             {"arn:P:ec2:*:A:security-group-rule/*"}, // for rules that are put back with their tags; see besides
	"ec2:DeleteFlowLogs":                         {"arn:P:ec2:*:A:vpc-flow-log/*"},
	"ec2:DeleteTags":                             {"arn:P:ec2:*:A:instance/*"}, // from what is no longer isolated
	"ec2:DisableImageBlockPublicAccess":          nil,
	"ec2:DisableSnapshotBlockPublicAccess":       nil,
	"ec2:EnableImageBlockPublicAccess":           nil,
	"ec2:EnableSnapshotBlockPublicAccess":        nil,
	"ec2:GetImageBlockPublicAccessState":         nil,
	"ec2:GetSnapshotBlockPublicAccessState":      nil,
	"ec2:ReplaceIamInstanceProfileAssociation":   {"arn:P:ec2:*:A:instance/*"},
	"ec2:DescribeFlowLogs":                       nil,
	"ec2:DescribeIamInstanceProfileAssociations": nil,
	"ec2:DescribeInstanceAttribute":              {"arn:P:ec2:*:A:instance/*"},
	"ec2:DescribeInstances":                      nil,
	"ec2:DescribeNetworkInterfaces":              nil,
	"ec2:DescribeRegions":                        nil,
	"ec2:DescribeSecurityGroupRules":             nil,
	"ec2:DescribeSecurityGroups":                 nil,
	"ec2:DescribeSnapshots":                      nil,
	"ec2:DescribeVpcs":                           nil,
	"ec2:DisassociateIamInstanceProfile":         {"arn:P:ec2:*:A:instance/*"},
	"ec2:ModifyInstanceAttribute":                {"arn:P:ec2:*:A:instance/*"},
	// An interface is put into groups: AWS looks at all three.
	"ec2:ModifyNetworkInterfaceAttribute": {"arn:P:ec2:*:A:network-interface/*", "arn:P:ec2:*:A:security-group/*", "arn:P:ec2:*:A:instance/*"},
	"ec2:ModifySecurityGroupRules":        groups,
	"ec2:RevokeSecurityGroupEgress":       groups,
	"ec2:RevokeSecurityGroupIngress":      groups,
}

var groups = []string{"arn:P:ec2:*:A:security-group/*", "arn:P:ec2:*:A:security-group-rule/*"}

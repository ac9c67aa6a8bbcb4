package iam

var ec2Facts = map[string][]string{
	"ec2:AssociateIamInstanceProfile":            instances,
	"ec2:AuthorizeSecurityGroupEgress":           groupsAndRules,
	"ec2:AuthorizeSecurityGroupIngress":          groupsAndRules,
	"ec2:CreateFlowLogs":                         {"arn:P:ec2:*:A:vpc-flow-log/*", "arn:P:ec2:*:A:vpc/*"},
	"ec2:CreateNetworkAclEntry":                  networkACLs,
	"ec2:CreateSecurityGroup":                    {"arn:P:ec2:*:A:security-group/*", "arn:P:ec2:*:A:vpc/*"},
	"ec2:CreateSnapshots":                        {"arn:P:ec2:*:A:instance/*", "arn:P:ec2:*:A:volume/*", "arn:P:ec2:*::snapshot/*"},
	"ec2:CreateTags":                             {"arn:P:ec2:*:A:instance/*", "arn:P:ec2:*:A:security-group/*", "arn:P:ec2:*:A:security-group-rule/*", "arn:P:ec2:*::snapshot/*"},
	"ec2:DeleteFlowLogs":                         {"arn:P:ec2:*:A:vpc-flow-log/*"},
	"ec2:DeleteNetworkAclEntry":                  networkACLs,
	"ec2:DeleteTags":                             instances,
	"ec2:DisableImageBlockPublicAccess":          nil,
	"ec2:DisableSnapshotBlockPublicAccess":       nil,
	"ec2:EnableImageBlockPublicAccess":           nil,
	"ec2:EnableSnapshotBlockPublicAccess":        nil,
	"ec2:GetImageBlockPublicAccessState":         nil,
	"ec2:GetSnapshotBlockPublicAccessState":      nil,
	"ec2:ReplaceIamInstanceProfileAssociation":   instances,
	"ec2:CreateRoute":                            routeTables,
	"ec2:DeleteRoute":                            routeTables,
	"ec2:DescribeRouteTables":                    nil,
	"ec2:ReplaceNetworkAclEntry":                 networkACLs,
	"ec2:ReplaceRoute":                           routeTables,
	"ec2:DescribeFlowLogs":                       nil,
	"ec2:DescribeIamInstanceProfileAssociations": nil,
	"ec2:DescribeImageAttribute":                 images,
	"ec2:DescribeImages":                         nil,
	"ec2:DescribeInstanceAttribute":              instances,
	"ec2:DescribeInstances":                      nil,
	"ec2:DescribeNetworkAcls":                    nil,
	"ec2:DescribeNetworkInterfaces":              nil,
	"ec2:DescribeRegions":                        nil,
	"ec2:DescribeSecurityGroupRules":             nil,
	"ec2:DescribeSecurityGroups":                 nil,
	"ec2:DescribeSnapshotAttribute":              snapshots,
	"ec2:DescribeSnapshots":                      nil,
	"ec2:DescribeSubnets":                        nil,
	"ec2:DescribeVolumes":                        nil,
	"ec2:DescribeVpcs":                           nil,
	"ec2:DisableEbsEncryptionByDefault":          nil,
	"ec2:DisassociateIamInstanceProfile":         instances,
	"ec2:EnableEbsEncryptionByDefault":           nil,
	"ec2:GetEbsEncryptionByDefault":              nil,
	"ec2:ModifyImageAttribute":                   images,
	"ec2:ModifyInstanceAttribute":                instances,
	"ec2:ModifyInstanceMetadataOptions":          instances,
	// An interface is put into groups: AWS looks at all three.
	"ec2:ModifyNetworkInterfaceAttribute": {"arn:P:ec2:*:A:network-interface/*", "arn:P:ec2:*:A:security-group/*", "arn:P:ec2:*:A:instance/*"},
	"ec2:ModifySecurityGroupRules":        groupsAndRules,
	"ec2:ModifySnapshotAttribute":         snapshots,
	"ec2:ModifySubnetAttribute":           {"arn:P:ec2:*:A:subnet/*"},
	"ec2:RevokeSecurityGroupEgress":       groups,
	"ec2:RevokeSecurityGroupIngress":      groups,
	"ec2:StartInstances":                  instances,
	"ec2:StopInstances":                   instances,
	"ec2:TerminateInstances":              instances,
}

var (
	groups         = []string{"arn:P:ec2:*:A:security-group/*"}
	groupsAndRules = []string{"arn:P:ec2:*:A:security-group/*", "arn:P:ec2:*:A:security-group-rule/*"}
	images         = []string{"arn:P:ec2:*::image/*"}
	instances      = []string{"arn:P:ec2:*:A:instance/*"}
	networkACLs    = []string{"arn:P:ec2:*:A:network-acl/*"}
	routeTables    = []string{"arn:P:ec2:*:A:route-table/*"}
	snapshots      = []string{"arn:P:ec2:*::snapshot/*"}
)

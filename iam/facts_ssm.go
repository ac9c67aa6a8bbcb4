package iam

var ssmFacts = map[string][]string{
	"ssm:AddTagsToResource":                  {"arn:P:ssm:*:A:automation-execution/*"},
	"ssm:DescribeAutomationExecutions":       nil,
	"ssm:DescribeDocument":                   documents,
	"ssm:DescribeDocumentPermission":         documents,
	"ssm:DescribeInstanceAssociationsStatus": {"arn:P:ec2:*:A:instance/*", "arn:P:ssm:*:A:managed-instance/*"},
	"ssm:DescribeInstanceInformation":        nil,
	"ssm:GetServiceSetting":                  serviceSettings,
	"ssm:ListCommandInvocations":             nil,
	"ssm:ListTagsForResource":                documents,
	"ssm:ModifyDocumentPermission":           {"arn:P:ssm:*:A:document/*"},
	"ssm:SendCommand":                        {"arn:P:ssm:*:A:document/*", "arn:P:ssm:*::document/*", "arn:P:ec2:*:A:instance/*", "arn:P:ssm:*:A:managed-instance/*"},
	"ssm:StartAssociationsOnce":              {"arn:P:ssm:*:A:association/*"},
	"ssm:StartAutomationExecution":           {"arn:P:ssm:*:A:automation-definition/*", "arn:P:ssm:*::automation-definition/*"},
	"ssm:UpdateServiceSetting":               serviceSettings,
}

var (
	documents       = []string{"arn:P:ssm:*:A:document/*", "arn:P:ssm:*::document/*"} // the account's, and AWS's own
	serviceSettings = []string{"arn:P:ssm:*:A:servicesetting/*"}
)

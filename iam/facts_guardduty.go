package iam

var guarddutyFacts = map[string][]string{
	"guardduty:CreateDetector":          nil,
	"guardduty:DeleteDetector":          detectors,
	"guardduty:DescribeMalwareScans":    nil,
	"guardduty:GetAdministratorAccount": nil,
	"guardduty:GetDetector":             detectors,
	"guardduty:ListDetectors":           nil,
	"guardduty:StartMalwareScan":        nil,
	"guardduty:UpdateDetector":          detectors,
}

var detectors = []string{"arn:P:guardduty:*:A:detector/*"}

package iam

var macie2Facts = map[string][]string{
	"macie2:DisableMacie":       nil,
	"macie2:EnableMacie":        nil,
	"macie2:GetMacieSession":    nil,
	"macie2:UpdateMacieSession": nil,
}

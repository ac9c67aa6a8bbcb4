package iam

var cloudfrontFacts = map[string][]string{
	"cloudfront:GetDistribution":     distributions,
	"cloudfront:ListTagsForResource": distributions,
	"cloudfront:UpdateDistribution":  distributions,
}

var distributions = []string{"arn:P:cloudfront::A:distribution/*"}

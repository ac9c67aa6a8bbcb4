package iam

var ecrFacts = map[string][]string{
	"ecr:BatchGetRepositoryScanningConfiguration": repositories,
	"ecr:DeleteRepositoryPolicy":                  repositories,
	"ecr:DescribeRepositories":                    repositories,
	"ecr:GetRegistryScanningConfiguration":        nil,
	"ecr:GetRepositoryPolicy":                     repositories,
	"ecr:ListTagsForResource":                     repositories,
	"ecr:PutImageScanningConfiguration":           repositories,
	"ecr:PutImageTagMutability":                   repositories,
	"ecr:SetRepositoryPolicy":                     repositories,
}

var repositories = []string{"arn:P:ecr:*:A:repository/*"}

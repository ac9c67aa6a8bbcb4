package iam

var codebuildFacts = map[string][]string{
	"codebuild:BatchGetProjects":        projects,
	"codebuild:UpdateProject":           projects,
	"codebuild:UpdateProjectVisibility": projects,
}

var projects = []string{"arn:P:codebuild:*:A:project/*"}

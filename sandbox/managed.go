package sandbox

import "riposte.dev/sandbox/policy"

// managedPolicies are the AWS managed policies that the sandbox has, each in
// the breadth of the real one over the services here.
var managedPolicies = map[string]string{
	AdministratorAccess: `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}`,
	"arn:aws:iam::aws:policy/ReadOnlyAccess": `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Resource":"*","Action":[
		"account:Get*","cloudtrail:Describe*","cloudtrail:Get*","cloudtrail:List*","cloudtrail:LookupEvents","ec2:Describe*","ec2:Get*",
		"iam:Get*","iam:List*","organizations:Describe*","organizations:List*","s3:Get*","s3:List*","sns:Get*","sns:List*","sqs:Get*","sqs:List*"]}]}`,
	"arn:aws:iam::aws:policy/SecurityAudit": `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Resource":"*","Action":[
		"account:GetAlternateContact","cloudtrail:Describe*","cloudtrail:Get*","cloudtrail:List*","cloudtrail:LookupEvents","ec2:Describe*",
		"iam:Get*","iam:List*","organizations:Describe*","organizations:List*","s3:GetBucket*","s3:GetEncryptionConfiguration",
		"s3:ListAllMyBuckets","sns:GetTopicAttributes","sns:List*","sqs:GetQueueAttributes","sqs:ListQueues"]}]}`,
}

// document is the text of a managed policy, AWS's or the account's own; "" when
// there is none.
func (s *identities) document(policyARN string) string {
	if p := s.managed[policyARN]; p != nil {
		return p.document
	}
	return managedPolicies[policyARN]
}

// documents parses policies that were checked when they were stored; one that
// doesn't parse allows nothing.
func documents(texts ...string) []*policy.Document {
	var docs []*policy.Document
	for _, t := range texts {
		if d, err := policy.Parse([]byte(t)); err == nil {
			docs = append(docs, d)
		}
	}
	return docs
}

// policies are what a user or role has, inline and attached.
func (s *identities) policies(inline map[string]string, attached []string) []*policy.Document {
	var texts []string
	for _, t := range inline {
		texts = append(texts, t)
	}
	for _, a := range attached {
		texts = append(texts, s.document(a))
	}
	return s.parse(texts...)
}

// maxParsed bounds the documents that an account keeps.
const maxParsed = 1000

// parse is documents with a memory: every request needs its caller's policies.
func (s *identities) parse(texts ...string) []*policy.Document {
	var docs []*policy.Document
	for _, t := range texts {
		kept, known := s.parsed[t]
		if !known {
			kept = documents(t)
			if s.parsed == nil || len(s.parsed) >= maxParsed {
				s.parsed = map[string][]*policy.Document{}
			}
			s.parsed[t] = kept
		}
		docs = append(docs, kept...)
	}
	return docs
}

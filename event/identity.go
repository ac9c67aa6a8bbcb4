package event

import (
	"strings"
)

// Identity is CloudTrail's userIdentity element
// (https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-user-identity.html).
type Identity struct {
	Type           string `json:"type"`
	PrincipalID    string `json:"principalId"`
	ARN            string `json:"arn"`
	AccountID      string `json:"accountId"`
	AccessKeyID    string `json:"accessKeyId"`
	UserName       string `json:"userName"`
	InvokedBy      string `json:"invokedBy"`
	SessionContext struct {
		SessionIssuer struct {
			Type        string `json:"type"`
			PrincipalID string `json:"principalId"`
			ARN         string `json:"arn"`
			AccountID   string `json:"accountId"`
			UserName    string `json:"userName"`
		} `json:"sessionIssuer"`
		SourceIdentity string `json:"sourceIdentity"`
		Attributes     struct {
			CreationDate     string `json:"creationDate"`
			MFAAuthenticated string `json:"mfaAuthenticated"`
		} `json:"attributes"`
	} `json:"sessionContext"`
	OnBehalfOf struct {
		UserID string `json:"userId"`
	} `json:"onBehalfOf"`
}

// Principal returns the ARN of who acted, without the session: the user, or the role behind a session, or the service.
// It is the key under which activity is counted, so two sessions of one role are one principal.
func (i Identity) Principal() string {
	if arn := i.SessionContext.SessionIssuer.ARN; arn != "" {
		return arn
	}
	switch {
	case i.ARN != "":
		return i.ARN
	case i.InvokedBy != "":
		return i.InvokedBy
	case i.PrincipalID != "":
		return i.PrincipalID
	case i.Type == "Root" && i.AccountID != "":
		return "arn:aws:iam::" + i.AccountID + ":root"
	default:
		return i.Type
	}
}

// Session returns the role session's name: the last part of an assumed role's ARN, or "".
func (i Identity) Session() string {
	if _, rest, ok := strings.Cut(i.ARN, ":assumed-role/"); ok {
		if at := strings.LastIndexByte(rest, '/'); at >= 0 {
			return rest[at+1:]
		}
	}
	return ""
}

// Person names the human or program behind the identity, as well as AWS tells it: the source identity that a role
// session was opened with, else the session's name with its role, else the user, else the service.
func (i Identity) Person() string {
	role := i.SessionContext.SessionIssuer.UserName
	switch {
	case i.Type == "Root":
		return "the root user of account " + i.AccountID
	case i.SessionContext.SourceIdentity != "":
		return i.SessionContext.SourceIdentity + " (as role " + role + ")"
	case i.Session() != "" && role != "":
		return i.Session() + " (as role " + role + ")"
	case i.UserName != "":
		return "IAM user " + i.UserName
	case i.InvokedBy != "":
		return "the AWS service " + i.InvokedBy
	default:
		return i.Principal()
	}
}

package finding

import (
	"strings"
	"time"

	"riposte.dev/conf"
)

// ruleProblems checks what holds between members, which a schema can't say
// (https://docs.aws.amazon.com/securityhub/latest/userguide/finding-update-batchimportfindings.html).
func ruleProblems(f Finding) []conf.Problem {
	var problems []conf.Problem
	add := func(at, message, hint string) {
		problems = append(problems, conf.Problem{Path: at, Message: at + " " + message, Hint: hint})
	}
	if account, custom := f.Key().customAccount(); custom && f.AwsAccountID != "" && account != f.AwsAccountID {
		add("ProductArn", "names the account "+account+" but AwsAccountId is "+f.AwsAccountID,
			"a custom product (product/ACCOUNT/default) belongs to the account that its findings are about")
	}
	s, p := f.Severity, f.FindingProviderFields
	if (s == nil || s.Label == "" && s.Normalized == nil) && (p == nil || p.Severity == nil || p.Severity.Label == "") {
		add("Severity", "has neither Label nor Normalized", "write Label: INFORMATIONAL, LOW, MEDIUM, HIGH or CRITICAL")
	}
	created, err := time.Parse(time.RFC3339, f.CreatedAt)
	updated, err2 := time.Parse(time.RFC3339, f.UpdatedAt)
	if err == nil && err2 == nil && updated.Before(created) {
		add("UpdatedAt", "is before CreatedAt", "write the time of the last change; for a new finding it is that of CreatedAt")
	}
	return problems
}

// customAccount returns the account of a custom product's ARN, arn:P:securityhub:R:A:product/A/default.
func (k Key) customAccount() (string, bool) {
	fields := strings.SplitN(k.ProductArn, ":", 6)
	if len(fields) != 6 || !strings.HasSuffix(fields[5], "/default") {
		return "", false
	}
	return fields[4], true
}

// region returns the region in the product's ARN, "" where it has none.
func (k Key) region() string {
	fields := strings.SplitN(k.ProductArn, ":", 6)
	if len(fields) != 6 {
		return ""
	}
	return fields[3]
}

// shorten cuts s to at most limit characters, with … as the last one where something is missing.
func shorten(s string, limit int) string {
	runes := 0
	for i := range s {
		if runes == limit {
			cut := []rune(s[:i])
			return string(cut[:limit-1]) + "…"
		}
		runes++
	}
	return s
}

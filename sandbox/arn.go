package sandbox

import "strings"

// cutARN takes an ARN of a service apart: "arn:aws:kinesis:us-east-1:111122223333:stream/x"
// with the service "kinesis" and the prefix "stream/" has the name "x".
func cutARN(text, service, prefix string) (region, account, name string, ok bool) {
	p := strings.SplitN(text, ":", 6)
	if len(p) != 6 || p[0] != "arn" || p[1] != "aws" || p[2] != service {
		return "", "", "", false
	}
	name, ok = strings.CutPrefix(p[5], prefix)
	return p[3], p[4], name, ok && name != ""
}

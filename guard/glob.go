package guard

// glob reports whether pattern matches the whole of s: * stands for any bytes, ? for exactly one, as in the resource
// element of an IAM policy (https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_resource.html).
// It takes time in the product of the lengths at worst, whatever the pattern.
func glob(pattern, s string) bool {
	p, i := 0, 0
	star, resume := -1, 0 // the last * seen, and where in s to go on if it must take one byte more
	for i < len(s) {
		switch {
		case p < len(pattern) && pattern[p] == '*':
			star, resume = p, i
			p++
		case p < len(pattern) && (pattern[p] == '?' || pattern[p] == s[i]):
			p, i = p+1, i+1
		case star >= 0:
			resume++
			p, i = star+1, resume
		default:
			return false
		}
	}
	for p < len(pattern) && pattern[p] == '*' {
		p++
	}
	return p == len(pattern)
}

package tree

const renameAt2 = 316

package tree

const renameAt2 = 276

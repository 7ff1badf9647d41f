"""The BlazingText algorithm, by fastText: `training` of word vectors and of classifiers, `similarity` of words, and
`model`, which answers. `fasttext` is the library, as both use it, and `binary` its file.
"""

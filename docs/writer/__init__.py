"""What writes the pages of the site that nobody writes by hand: the reference, the gallery, the course.

Here: an extension of Sphinx (`extension`), and what it needs of the package; the other files know no Sphinx. Not here: texts, which
stand beside this folder.
"""
